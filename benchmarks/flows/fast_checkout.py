"""The checkout flow without a pause between two visits."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "locustfiles"))

import checkout_flow


class HurriedUser(checkout_flow.CheckoutUser):
    """Never stops to think."""

    think_seconds = (0.0, 0.0)
