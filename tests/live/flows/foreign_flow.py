"""A flow as other teams write them: `requests`, nested task sets, and the process-wide `random`."""

import random
from random import choice
from typing import Any

from locust import HttpUser, SequentialTaskSet, TaskSet, between, task


class Purchase(SequentialTaskSet):
    """One step after the other, then out."""

    @task
    def add(self) -> None:
        """Into the cart."""
        line = {"productId": random.randint(1, 200), "quantity": choice([1, 1, 2, 3])}
        self.client.post("/api/cart/items", json=line)

    @task
    def check_out(self) -> None:
        """Pay."""
        self.client.post("/api/checkout", json={"paymentMethod": choice(["card_test", "invoice"])})

    @task
    def leave(self) -> None:
        """Back to the shelves."""
        self.interrupt()  # type: ignore[no-untyped-call]


class Corner(TaskSet):
    """A corner of the shop with a pace of its own."""

    wait_time = between(0.02, 0.1)

    @task(3)
    def look(self) -> None:
        """Look; who waits for the answer grows curious, and draws more from `random`."""
        answer: Any = self.client.get(f"/api/products/{random.randint(1, 200)}", name="look")
        if answer.elapsed.total_seconds() > 0.1:
            random.shuffle(list(range(random.randint(5, 50))))

    @task(1)
    def leave(self) -> None:
        """Enough of it."""
        self.interrupt(random.random() < 0.5)  # type: ignore[no-untyped-call]


class Visitor(HttpUser):
    """Wanders."""

    wait_time = between(0.05, 0.2)
    tasks = {Purchase: 1, Corner: 2}  # type: ignore[assignment]  # noqa: RUF012

    def on_start(self) -> None:
        """Say who is asking; a server that writes it down tells the users apart."""
        user: Any = self
        self.client.headers["X-User"] = user.canarygate_name

    @task(3)
    def search(self) -> None:
        """Search for whatever comes to mind."""
        words = "+".join(random.sample(["red", "wireless", "tent", "mouse"], k=choice([1, 2])))
        self.client.get(f"/api/products?q={words}&limit={random.randrange(1, 50)}", name="search")
