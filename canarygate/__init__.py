"""May this canary take more traffic? Pass, fail or inconclusive, with the numbers behind it."""

__version__ = "0.1.0"
