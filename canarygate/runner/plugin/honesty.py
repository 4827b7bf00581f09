"""Every request leaves a trace: a deadline, a count before and after, a header, and no silent retry."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import gevent
import geventhttpclient.client
import requests.exceptions
from locust import FastHttpUser
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from urllib3.util.retry import Retry

from canarygate.runner.plugin.deadlines import Deadlines
from canarygate.runner.plugin.ledger import Ledger, now
from canarygate.runner.plugin.outcomes import classify
from canarygate.runner.plugin.pace import Pace

CALL = "_canarygate_call"
HEADER = "X-Load-Test"
# A locustfile that asks its client to try again would hide what it is here to see: geventhttpclient's
# `max_retries` sends a request again after a 5xx too.
NO_RETRIES = Retry(0, read=False)
# What a locustfile's own request listener may raise to steer its user; no failure of the request.
CONTROL = (InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser)


class Call:
    """One request under way: who sent it, its place in the user's sequence, and when."""

    __slots__ = ("intended", "pace", "recorded", "returned", "sequence", "start", "user")

    def __init__(self, user: Any, seconds_ago: float = 0.0) -> None:
        self.user: str = getattr(user, "canarygate_name", "")
        self.sequence: int = 0
        self.pace: Pace | None = None
        owed: float | None = None
        if self.user:
            user.canarygate_sequence = self.sequence = user.canarygate_sequence + 1
            self.pace = user.canarygate_pace
            if self.pace is not None:
                owed = self.pace.take_owed()
        self.returned: float | None = None
        self.recorded = False
        self.start = now() - seconds_ago
        self.intended = self.start if owed is None else owed


class Requests:
    """Stands between the users' sessions and the wire, for both of Locust's HTTP clients."""

    def __init__(self, ledger: Ledger, *, timeout_seconds: float, header: str) -> None:
        self._ledger = ledger
        self._timeout = timeout_seconds
        self._header = header
        self._deadlines = Deadlines(timeout_seconds)
        self.worker = 0

    def install(self) -> None:
        """Patch the sessions at class level, so that every verb and every locustfile passes through.

        Raises:
            RuntimeError: this geventhttpclient retries in a way that we do not know how to stop.
        """
        if not hasattr(geventhttpclient.client, "_may_retry_after_send_error"):
            raise RuntimeError(
                "geventhttpclient has moved its retry switch; dropped connections would hide"
            )
        # It sends a dropped GET up to 12 times and reports one success: 30 % of dropped connections
        # showed as 0 % failures.
        geventhttpclient.client._may_retry_after_send_error = lambda _method: False
        # Its own limits are 60 s, and per read; the deadline below covers a whole request. A limit
        # for each read besides that one cost 4 % of all that a request costs Locust.
        FastHttpUser.connection_timeout = self._timeout + 1
        FastHttpUser.network_timeout = None
        late = f"no answer within {self._timeout:g} s"
        HttpSession.request = self._recorded(
            HttpSession.request, lambda: requests.exceptions.ReadTimeout(late)
        )
        FastHttpSession.request = self._recorded(
            FastHttpSession.request, lambda: TimeoutError(late)
        )

    def _recorded(
        self, original: Callable[..., Any], late: Callable[[], BaseException]
    ) -> Callable[..., Any]:
        signature = inspect.signature(original)
        deadlines = self._deadlines
        is_fast = original is FastHttpSession.request

        @wraps(original)
        def request(session: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
            if args:  # options given by position: name them, so that ours can be added
                bound = signature.bind(session, method, url, *args, **kwargs).arguments
                more = bound.pop("kwargs", {})
                kwargs = {**bound, **more}
                for name in ("self", "method", "url"):
                    kwargs.pop(name)
            call = Call(session.user)
            headers, context = kwargs.get("headers"), kwargs.get("context")
            kwargs["headers"] = (
                {**headers, HEADER: self._header} if headers else {HEADER: self._header}
            )
            kwargs["context"] = {**context, CALL: call} if context else {CALL: call}
            if is_fast:
                kwargs["max_retries"] = 0
            else:
                for adapter in session.adapters.values():
                    adapter.max_retries = NO_RETRIES
                if kwargs.get("stream"):
                    kwargs.setdefault("timeout", self._timeout + 1)
            counts = self._ledger.counts
            counts.started += 1
            # Asked here too: nearly every URL is a path, and a call would cost more than its answer.
            is_elsewhere = (type(url) is not str or url[:1] != "/") and _is_elsewhere(
                url, session.base_url
            )
            counts.elsewhere += is_elsewhere
            try:
                try:
                    deadlines.watch(call, call.start, late)
                    answer = original(session, method, url, **kwargs)
                finally:
                    deadlines.forget(call)
                if not is_elsewhere and _was_led_elsewhere(answer, session.base_url):
                    counts.elsewhere += 1
                if kwargs.get("stream"):  # its body is read later, outside of the deadline
                    _limit_reads(answer, self._timeout + 1)
                return answer
            except gevent.GreenletExit:
                counts.returned -= 1  # the user was stopped meanwhile: unfinished
                raise
            except CONTROL:
                raise
            except Exception as error:
                # An answer that the client cannot even decode raises out of Locust unrecorded.
                if not call.recorded:
                    _fire_failure(session, method, url, call, kwargs, error)
                raise
            finally:
                call.returned = now()
                counts.busy_seconds += call.returned - call.start
                if call.pace is not None:
                    call.pace.ask(call.returned - call.start)
                counts.returned += 1
                if not call.recorded:
                    self._ledger.answered[call] = call.returned

        return request

    def record(self, event: Mapping[str, Any]) -> None:
        """Take what Locust's `request` event tells: one record per finished request."""
        context, response_time = event.get("context"), event.get("response_time")
        call = context.pop(CALL, None) if isinstance(context, dict) else None
        counts = self._ledger.counts
        if call is None:  # fired by the locustfile itself, or by a client that is not HTTP
            seconds = float(response_time or 0) / 1000
            call = Call(getattr(gevent.getcurrent(), "canarygate_user", None), seconds)
            counts.busy_seconds += seconds
            if call.pace is not None:
                call.pace.ask(seconds)
            counts.started += 1
            counts.returned += 1
        call.recorded = True
        self._ledger.answered.pop(call, None)
        end = call.returned or now()
        outcome, status = classify(event.get("exception"), event.get("response"))
        duration = (end - call.start) * 1000 if response_time is None else float(response_time)
        self._ledger.finished.append(
            (
                call.start,
                call.intended,
                end,
                call.user,
                call.sequence,
                str(event["request_type"]),
                str(event["name"]),
                duration,
                status,
                outcome,
                int(event.get("response_length") or 0),
                self.worker,
            )
        )
        counts.recorded += 1


def _fire_failure(
    session: Any, method: Any, url: Any, call: Call, kwargs: Mapping[str, Any], error: Exception
) -> None:
    """Tell Locust's statistics, and through them our records, of a request that Locust let fall."""
    session.request_event.fire(
        request_type=str(method),
        name=kwargs.get("name") or session.request_name or str(url),
        response_time=(now() - call.start) * 1000,
        response_length=0,
        exception=error,
        context={CALL: call},
    )


def _limit_reads(answer: Any, seconds: float) -> None:
    """Let no single read of a streamed body take longer (requests has its `timeout` for that)."""
    socket = getattr(getattr(answer, "_response", None), "_sock", None)
    if socket is not None:
        socket.settimeout(seconds)


def _was_led_elsewhere(answer: Any, base_url: Any) -> bool:
    """Both clients follow redirects: a broken canary may lead everybody to a healthy login page."""
    return bool(getattr(answer, "history", None)) and _host(answer.url) != _host(base_url)


def _is_elsewhere(url: Any, base_url: Any) -> bool:
    text = url.decode("latin-1") if isinstance(url, bytes) else str(url)
    if not text.lower().startswith(("http://", "https://")):
        return False
    return _host(text) != _host(base_url)  # no prefix: http://canary begins http://canary-staging


def _host(url: Any) -> str:
    """Host and port, as they stand in a URL; empty where there are none to be read."""
    try:
        return urlsplit(str(url)).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
