"""The base of every flow: one shopper with a session, honest checks, and decisions of its own.

Two runs with the same SEED send the same requests, user by user, however fast the server answers
and whichever requests fail. Without SEED in the environment the seed is `canarygate`.
"""

import os
import ssl
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import count
from random import Random
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode

from _answers import (
    WrongAnswer,
    parse_body,
    read_cart,
    read_checkout,
    read_order,
    read_product,
    read_search,
)
from _client import error_of, record_every_answer
from _data import draw_pause, seed_iteration
from locust import FastHttpUser, TaskSet, events
from locust.contrib.fasthttp import ResponseContextManager
from locust.env import Environment
from locust.exception import RescheduleTask

SEED = os.environ.get("SEED") or "canarygate"
SEARCH_LIMIT = 20

T = TypeVar("T")

_created: "defaultdict[str, count[int]]" = defaultdict(count)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _count_users_afresh(**_: object) -> None:
    """A second run from the web UI deals the same users again."""
    _created.clear()


def _patience(seconds: float) -> float:
    """5 s where Locust's own 60 s stand: those show a hung server only in longer runs."""
    return 5.0 if seconds == 60.0 else seconds


class StepFailed(RescheduleTask):
    """A step's request failed and is recorded: the flow ends here, as a shopper would give up.

    Locust takes it as the end of the task. Steps belong in tasks; in `on_start` it ends the user.
    """


class ShopUser(FastHttpUser):
    """One shopper: a session with cookies on a connection of its own.

    Derive a class and give it tasks that call the steps below. Draw data from `self.rng` with the
    functions in `_data`: it is seeded anew for every iteration, and for this user alone.
    """

    abstract = True

    think_seconds: ClassVar[tuple[float, float]] = (1.0, 3.0)

    connection_timeout = _patience(FastHttpUser.connection_timeout)
    network_timeout = _patience(FastHttpUser.network_timeout)

    # Shoppers' browsers refuse a bad certificate. For a private CA set SSL_CERT_FILE.
    insecure = False
    # Reading the certificates stops the whole process for 60-200 ms; once is enough for all users.
    ssl_context_factory = staticmethod(cache(ssl.create_default_context))

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        record_every_answer(self.client)
        self.identity = f"{type(self).__name__}/{_number(self)}"
        """The same for the same user of another run."""
        self.rng = Random()
        self.iteration = 0
        self._pause_seconds = 0.0
        self._choices: list[Any] = self.tasks
        if self._choices:  # else Locust explains that there are no tasks
            # Locust would choose with the process-wide generator; among one it cannot err.
            self.tasks = [ShopUser.iterate]

    def iterate(self) -> None:
        """One task of the class's own, chosen by this user's generator."""
        self.iteration += 1
        seed_iteration(self.rng, SEED, self.identity, self.iteration)
        chosen = self.rng.choice(self._choices)
        self._pause_seconds = draw_pause(self.rng, self.think_seconds)
        if isinstance(chosen, type) and issubclass(chosen, TaskSet):
            chosen(self).run()  # type: ignore[no-untyped-call]
        else:
            chosen(self)

    def wait_time(self) -> float:
        """Seconds to think; drawn before the task, so that no failure in it changes them."""
        return self._pause_seconds

    def view_product(self, product_id: int) -> None:
        """Open a product's page."""
        self.ask(
            "GET",
            f"/api/products/{product_id}",
            name="/api/products/:id",
            read=lambda body: read_product(body, product_id),
        )

    def search(self, words: str) -> None:
        """Search the catalogue; finding nothing is fine."""
        self.ask(
            "GET",
            f"/api/products?{urlencode({'q': words, 'limit': SEARCH_LIMIT})}",
            name="/api/products?q=...",
            read=lambda body: read_search(body, SEARCH_LIMIT),
        )

    def add_to_cart(self, product_id: int, quantity: int) -> None:
        """Put a product into this session's cart."""
        self.ask(
            "POST",
            "/api/cart/items",
            name="/api/cart/items",
            json={"productId": product_id, "quantity": quantity},
            read=lambda body: read_cart(body, product_id, quantity),
        )

    def check_out(self) -> str:
        """Order what is in the cart; the order's id."""
        return self.ask(
            "POST",
            "/api/checkout",
            name="/api/checkout",
            json={"paymentMethod": "card_test"},
            status=201,
            read=read_checkout,
        )

    def view_order(self, order_id: str) -> None:
        """Ask how the order is doing."""
        self.ask(
            "GET",
            f"/api/orders/{quote(order_id, safe='')}",
            name="/api/orders/:id",
            read=lambda body: read_order(body, order_id),
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        name: str,
        read: Callable[[object], T],
        json: object = None,
        status: int | None = None,
    ) -> T:
        """Send one request and read its JSON answer; any 2xx will do unless `status` says which.

        Raises:
            StepFailed: no answer, an error status, or an answer that `read` refuses.
        """
        with self.client.request(
            method, path, name=name, json=json, catch_response=True
        ) as response:
            answer = _judge(response, read, status)
        if answer is None:
            raise StepFailed
        return answer[0]


def _judge(
    response: ResponseContextManager, read: Callable[[object], T], status: int | None
) -> tuple[T] | None:
    """What `read` made of the answer, or nothing and the request marked as failed.

    Raises nothing: Locust records no request whose with-block raises.
    """
    problem = error_of(response.status_code, response.request_meta["exception"])
    if problem is None:
        try:
            if status not in (None, response.status_code):
                raise WrongAnswer(f"the status is not {status}")
            return (read(parse_body(response.content)),)
        except WrongAnswer as wrong:
            problem = str(wrong)
        except Exception as mistake:
            problem = f"the check itself raised {type(mistake).__name__}"
    response.failure(problem)  # type: ignore[no-untyped-call]
    return None


def _number(user: ShopUser) -> str:
    """Which user of its class this is, across the workers of a run and alike in every run.

    Whoever runs us may number the users itself, as `canarygate_index`. Otherwise each worker counts
    its own; one process counts like worker 0.
    """
    index = getattr(user, "canarygate_index", None)
    if index is not None:
        return f"0.{index}"
    worker = getattr(user.environment.runner, "worker_index", 0)
    return f"{worker}.{next(_created[type(user).__name__])}"
