"""The shop's own shoppers, who hardly think: hundreds of requests within seconds."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "locustfiles"))

import checkout_flow


class QuickShopper(checkout_flow.CheckoutUser):
    """Browses, searches, buys; says who it is, for the servers that write it down."""

    think_seconds = (0.05, 0.2)

    @property
    def default_headers(self) -> dict[str, str]:  # type: ignore[override]
        """Read once, when the session is made."""
        user: Any = self
        return {"X-User": user.canarygate_name}
