"""`python -m push_metrics`."""

import sys

from push_metrics.cli import main

if __name__ == "__main__":
    sys.exit(main())
