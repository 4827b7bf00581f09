"""Whether Prometheus answered lately, asked in the background so that a probe never waits."""

import threading
import time
from collections.abc import Callable

from canarygate.weights.prometheus import QueryFailed, ask
from canarygate.weights.settings import PrometheusSettings

TRIVIAL = "vector(1)"
EVERY_SECONDS = 5.0
LATELY_SECONDS = 20.0


class Readiness:
    """Asks a trivial query every few seconds."""

    def __init__(
        self, settings: PrometheusSettings, tell: Callable[[str], None] = lambda _reason: None
    ) -> None:
        self._settings = settings
        self._tell = tell
        self._answered: float | None = None
        self._reason = "Prometheus was not asked yet"
        self._over = threading.Event()

    def start(self) -> None:
        """From now on, until `stop`."""
        threading.Thread(target=self._run, name="readiness", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()

    @property
    def problem(self) -> str:
        """Why nobody should be sent here; empty when it is ready."""
        answered = self._answered
        if answered is not None and time.monotonic() - answered <= LATELY_SECONDS:
            return ""
        return self._reason

    def ask_once(self) -> None:
        """Ask now."""
        end = time.monotonic() + self._settings.query_timeout_seconds
        try:
            ask(self._settings, TRIVIAL, deadline=end)
        except QueryFailed as failed:
            if str(failed) != self._reason:  # once, not every five seconds
                self._tell(str(failed))
            self._reason = str(failed)
        else:
            self._answered = time.monotonic()
            self._reason = "Prometheus has not answered lately"

    def _run(self) -> None:
        while not self._over.is_set():
            self.ask_once()
            self._over.wait(EVERY_SECONDS)
