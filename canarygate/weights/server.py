"""The weight service as a process: listen, answer, stop when asked."""

import errno
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

from canarygate.errors import ConfigError
from canarygate.weights.log import Log, Relay
from canarygate.weights.service import THREADS, Service
from canarygate.weights.settings import WeightSettings

TURN_SECONDS = 0.2
BACKLOG = 1024
GRACE_SECONDS = 2.0
"""For the answers under way when a stop is asked for."""


def serve(
    settings: WeightSettings,
    *,
    announce: Callable[[str], None],
    write_log: Callable[[str], None],
    is_asked_to_stop: Callable[[], bool],
) -> None:
    """Serve until asked to stop; then take no more, and give what is under way a moment.

    Raises:
        ConfigError: it cannot listen there.
    """
    from prometheus_client import disable_created_metrics
    from waitress.server import create_server  # type: ignore[import-untyped]

    disable_created_metrics()  # type: ignore[no-untyped-call]
    log = Log(write_log, settings.log_level)
    _listen_to_libraries(log)
    listening = _listen(settings)
    service = Service(settings, log)
    server: Any = create_server(
        service,
        sockets=[listening],
        threads=THREADS,
        ident="canarygate",
        connection_limit=500,
        channel_timeout=30,
        max_request_header_size=16384,
        max_request_body_size=65536,
        asyncore_use_poll=True,
    )
    service.readiness.start()
    log.line("info", "start", prometheus=settings.prometheus.shown, port=int(server.effective_port))
    announce(f"listening on {_address(server)}")
    while not is_asked_to_stop():
        _turn(server)
    service.readiness.stop()
    _drain(server)
    log.line("info", "stop")


def _listen(settings: WeightSettings) -> socket.socket:
    """One socket, whatever the name stands for: waitress would take one for each of its addresses."""
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        raise _cannot_listen(settings, error) from error


def _turn(server: Any) -> None:
    server.asyncore.loop(timeout=TURN_SECONDS, map=server._map, use_poll=True, count=1)


def _drain(server: Any) -> None:
    """Nobody is accepted any more; answers under way are still sent."""
    from waitress import wasyncore  # type: ignore[import-untyped]

    wasyncore.dispatcher.close(server)  # its own close would end the answers' way out as well
    end = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < end and any(
        channel.requests or channel.total_outbufs_len
        for channel in list(server.active_channels.values())
    ):
        _turn(server)
    # Its threads are daemons: whoever is still waiting for a Prometheus is not waited for.


def _listen_to_libraries(log: Log) -> None:
    logger = logging.getLogger("waitress")
    logger.handlers = [Relay(log)]
    logger.propagate = False
    # It warns of every request that has to wait for a thread, which is what they are for.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _address(server: Any) -> str:
    host = str(server.effective_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"


def _cannot_listen(settings: WeightSettings, error: Exception) -> ConfigError:
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"{where} is taken by another process",
            hint="choose another port with --port (PORT); 0 picks a free one",
        )
    return ConfigError(
        f"cannot listen on {where}: {error}", hint="check --bind (BIND) and --port (PORT)"
    )
