"""Colours that matplotlib draws with, and what the page makes of them: one file for dark and light."""

INK = "#010203"
MUTED = "#020304"
GRID = "#030405"
PAPER = "#040506"
STABLE = "#050607"
CANARY = "#060708"
FAIL = "#070809"
BAND = "#08090a"
PASS = "#090a0b"
OPEN = "#0a0b0c"

VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    STABLE: "stable",
    CANARY: "canary",
    FAIL: "fail",
    BAND: "band",
    PASS: "pass",
    OPEN: "open",
}
"""Nothing else may be drawn with: no page would know what it is in the dark."""
