"""Bodies that lie: what a success carries when the fault `body` is drawn."""

import json
from dataclasses import replace

from canarygate.shop.messages import Answer


def spoil(answer: Answer, variant: str) -> Answer:
    """The same status with another body; answers that say no stay as they are."""
    if answer.status >= 400:
        return answer
    if variant == "wrong":
        return replace(answer, body=json.dumps(_scramble(json.loads(answer.body))).encode())
    return replace(answer, body=b"" if variant == "empty" else b"<html>It works!</html>")


def _scramble(value: object) -> object:
    """The same keys over values that nobody meant: only a check of the content sees it."""
    if isinstance(value, dict):
        return {key: _scramble(inner) for key, inner in value.items()}
    return "" if isinstance(value, str) else -1
