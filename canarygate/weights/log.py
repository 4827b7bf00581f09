"""One JSON line per computation and per failure, without secrets."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from canarygate.weights.analysis import Status
from canarygate.weights.answer import WeightAnswer
from canarygate.weights.measuring import Asked
from canarygate.weights.settings import LEVELS


class Log:
    """Writes lines of at least a level, each whole, from any thread."""

    def __init__(self, write: Callable[[str], None], level: str = "info") -> None:
        self._write = write
        self._least = LEVELS.index(level)

    def line(self, level: str, event: str, **facts: Any) -> None:
        """Something happened."""
        if LEVELS.index(level) < self._least:
            return
        record = {"time": round(time.time(), 3), "level": level, "event": event, **facts}
        self._write(json.dumps(record, default=str, ensure_ascii=False))

    def queries(self, asked: Sequence[Asked]) -> None:
        """A computation asked these; a failure is told once, with all that it left unanswered."""
        failed: dict[str, list[Asked]] = {}
        for each in asked:
            if each.failure is None:
                self.line("debug", "query", value=each.value, **_facts(each))
            else:
                failed.setdefault(each.text, []).append(each)
        for text, those in failed.items():
            self.line(
                "warning",
                "query_failed",
                text=text,
                reason=those[0].failure,
                questions=[f"{each.query.role} {each.query.measure}" for each in those],
                seconds=round(max(each.seconds for each in those), 4),
                query=those[0].query.text,
            )

    def answer(self, answer: WeightAnswer) -> None:
        """A decision was computed."""
        decision = answer.decision
        self.line(
            "info" if decision.status is Status.PROCEED else "warning",
            "decision",
            parameters=dict(answer.values),
            status=decision.status,
            weight=decision.weight,
            reasons=decision.reasons,
            latency_delta=decision.latency_delta,
            error_delta=decision.error_delta,
            seconds=round(answer.took_seconds, 4),
        )


def _facts(asked: Asked) -> dict[str, Any]:
    return {
        "role": asked.query.role,
        "measure": asked.query.measure,
        "seconds": round(asked.seconds, 4),
        "query": asked.query.text,
    }


class Relay(logging.Handler):
    """What libraries say, in lines like our own."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record of a library's logger."""
        level = record.levelname.lower()
        self._log.line(level if level in LEVELS else "error", record.name, text=record.getMessage())
