"""The recorder: a locustfile without users that is loaded before the one that has them.

It makes Locust keep one honest record per request, start when it is told to, draw the same traffic
from the same seed, and end without losing what it knows. `canarygate.runner.command` starts it.
"""

import json
import os
import signal
from typing import Any

from locust import User, events

from canarygate.runner.plugin.arrival import Arrival
from canarygate.runner.plugin.beginning import Beginning
from canarygate.runner.plugin.distribution import Distribution
from canarygate.runner.plugin.ending import Ending
from canarygate.runner.plugin.honesty import Requests
from canarygate.runner.plugin.ledger import Ledger
from canarygate.runner.plugin.recorder import Recorder
from canarygate.runner.plugin.sequences import Sequences
from canarygate.signals import die_with_parent


def install() -> None:
    """Everything, before any locustfile of the user's is imported."""
    settings = json.loads(os.environ["CANARYGATE_RECORDER"])
    processes, master = settings["processes"], os.getpid()
    ledger = Ledger()
    distribution = Distribution(ledger, processes=processes, token=settings["token"])
    recorder = Recorder(settings, ledger, distribution)
    sequences = Sequences(seed=settings["seed"], stride=processes, on_task=recorder.on_task)
    requests = Requests(
        ledger,
        timeout_seconds=settings["request_timeout"],
        header=f"canarygate/{settings['run_id']}",
    )

    def in_new_worker(index: int) -> None:
        die_with_parent(master)
        sequences.offset = requests.worker = index
        recorder.files = None
        # Signalled itself, a worker would drop its last report; it waits for the master's word.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def on_request(**event: Any) -> None:  # guarded by itself: no other listener is called as often
        try:
            requests.record(event)
        except Exception as error:
            recorder.on_own_failure(error)

    die_with_parent(settings["parent"])
    if settings["arrival"] == "open":
        Arrival(recorder).install()
    sequences.install()
    requests.install()
    if processes > 1:
        distribution.install(in_new_worker)
    User.start = recorder.on_first_user(User.start)
    Beginning(recorder).install()
    Ending(recorder).install()
    events.request.add_listener(on_request)
    events.user_error.add_listener(recorder.guarded(recorder.on_user_error))
    events.test_stopping.add_listener(recorder.guarded(recorder.on_test_stopping))
    events.test_stop.add_listener(recorder.guarded(recorder.on_test_stop))
    recorder.flush()


install()
