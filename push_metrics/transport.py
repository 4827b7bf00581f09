"""Exchanges with the gateway up to one deadline: what is tried again, and what is not."""

import random
import time
from collections.abc import Iterator
from typing import Literal
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth
from requests.utils import get_environ_proxies, select_proxy

from canarygate import __version__
from canarygate.errors import PushFailed
from canarygate.settings import PushSettings
from push_metrics import reasons
from push_metrics.address import address_of, printable
from push_metrics.deadline import Deadline
from push_metrics.responses import ACCEPTED, Answer, read_answer

Method = Literal["GET", "PUT", "DELETE"]

TRY_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
"""A Pushgateway never sends these; what stands before it does, for a moment."""
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 4.0
TEXT_FORMAT = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


class Refused(PushFailed):
    """The gateway answered, and the answer was no."""

    def __init__(self, message: str, *, status: int, reason: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason


class Transport:
    """Exchanges with one gateway. Use it inside `deadline.run_until`.

    Raises:
        ConfigError: the settings name no gateway.
    """

    def __init__(self, settings: PushSettings, deadline: Deadline) -> None:
        self._address = address_of(settings)
        self.base = self._address.base
        self._deadline = deadline
        self._tries = 0
        self._trouble = "no answer"
        # Chosen by hand: with `trust_env` a .netrc would replace the credentials we were given.
        self._session = requests.Session()
        self._is_abandoned = False
        self._session.trust_env = False
        self._session.proxies = get_environ_proxies(self.base, no_proxy=None)
        self._session.verify = str(settings.ca_file) if settings.ca_file else True
        self._session.headers["User-Agent"] = f"canarygate/{__version__}"
        self._authenticate()
        self._proxy = select_proxy(self.base, self._session.proxies) or ""
        self._secrets = [*self._address.secrets, *_proxy_secrets(self._proxy)]

    def _authenticate(self) -> None:
        if self._address.token:
            self._session.headers["Authorization"] = f"Bearer {self._address.token}"
        elif self._address.username:
            self._session.auth = HTTPBasicAuth(*self._address.basic)

    def send(self, method: Method, path: str, body: bytes | None = None) -> bytes:
        """Make the exchange, again and again where that makes sense; gives the body of a GET.

        Raises:
            PushFailed: it was refused, or did not work before the deadline.
        """
        what = f"{method} {self.base}/{path}"
        for wait in _waits():
            if self._is_abandoned:
                raise self.gave_up()
            self._tries += 1
            try:
                answer = self._once(method, path, body)
            except (OSError, urllib3.exceptions.HTTPError) as error:
                self._trouble = self._clean(reasons.cause_of(error))
                if not reasons.can_pass(error):
                    raise self._failed(what, reasons.hint_for_error(error)) from None
            else:
                if answer.status in ACCEPTED:
                    return answer.body
                if answer.status not in TRY_AGAIN:
                    raise self._refused(what, answer)
                self._trouble = self._told(answer)
                wait = answer.wait_seconds if answer.wait_seconds is not None else wait
            if wait >= self._deadline.remaining():
                raise self.gave_up()
            time.sleep(wait)
        raise AssertionError("waits never end")

    def abandon(self) -> None:
        """Nobody waits any more: an exchange under way may end, and none follows it.

        A verdict that arrived after its gate had given up, or had been interrupted, would stand there
        instead of what the gate said last.
        """
        self._is_abandoned = True

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def gave_up(self) -> PushFailed:
        """The error for a deadline that came first."""
        tries = "1 try" if self._tries == 1 else f"{self._tries} tries"
        return PushFailed(
            f"the Pushgateway at {self.base} did not take it within {self._deadline.seconds:g} s "
            f"({tries}; last: {self._trouble}){self._through_proxy()}",
            hint="see that it runs and that this machine reaches it; "
            "--push-timeout (PUSH_TIMEOUT) is the time for everything",
        )

    def _once(self, method: Method, path: str, body: bytes | None) -> Answer:
        # A quarter, so that one lost packet does not use up the whole time.
        seconds = max(0.1, min(self._deadline.remaining(), self._deadline.seconds / 4))
        with self._session.request(
            method,
            f"{self.base}/{path}",
            data=body,
            headers=TEXT_FORMAT if body is not None else {},
            timeout=seconds,
            allow_redirects=False,
            stream=True,
        ) as response:
            self._trouble = f"{response.status_code}, and then not the rest of the answer"
            # An accepted PUT needs no body, and waiting for one could only lose it.
            needs_body = method == "GET" or response.status_code not in ACCEPTED
            return read_answer(response, needs_body=needs_body)

    def _told(self, answer: Answer) -> str:
        words = f"{answer.status} {self._clean(answer.phrase)}".rstrip()
        reason = self._reason(answer)
        asked = "" if answer.wait_seconds is None else f", asks for {answer.wait_seconds:.0f} s"
        return words + asked + (f": {reason}" if reason else "")

    def _reason(self, answer: Answer) -> str:
        return reasons.shortened(self._clean(answer.body.decode("utf-8", "replace")))

    def _refused(self, what: str, answer: Answer) -> Refused:
        reason = self._reason(answer)
        hint = reasons.hint_for_answer(self.base, answer.status, answer.location, reason)
        return Refused(
            f"{what} was answered {self._told(answer)}{self._through_proxy()}",
            status=answer.status,
            reason=reason,
            hint=self._clean(hint),
        )

    def _failed(self, what: str, hint: str) -> PushFailed:
        return PushFailed(f"{what}: {self._trouble}{self._through_proxy()}", hint=hint)

    def _through_proxy(self) -> str:
        if not self._proxy:
            return ""
        shown = printable(self._proxy)
        return f" (through the environment's proxy {shown}; NO_PROXY goes round it)"

    def _clean(self, text: str) -> str:
        return reasons.without_secrets(text, self._secrets)


def _proxy_secrets(proxy: str) -> list[str]:
    try:
        password = urlsplit(proxy).password or ""
    except ValueError:
        return []
    return sorted(filter(None, {password, unquote(password)}), key=len, reverse=True)


def _waits() -> Iterator[float]:
    wait = FIRST_WAIT_SECONDS
    while True:
        yield wait * random.uniform(0.5, 1.0)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
