"""What a shopper decides, drawn from a generator that the caller seeded; pure, without Locust.

Draws are made by user, never from the process-wide `random`: users take turns whenever a server
answers, so a shared generator would deal different data to a slow server than to a fast one.
"""

from collections.abc import Sequence
from itertools import accumulate
from random import Random

PRODUCTS = range(1, 201)
"""Ids that the shop is known to sell. For another shop, say here which ids exist."""

# Zipf: the second product sells half as often as the first, the tenth a tenth as often.
POPULARITY = list(accumulate(1 / rank for rank in range(1, len(PRODUCTS) + 1)))

SEARCHES = {
    "wireless": 20,
    "headphones": 15,
    "wireless headphones": 10,
    "keyboard": 9,
    "backpack": 8,
    "mouse": 7,
    "speaker": 6,
    "coffee grinder": 6,
    "travel": 5,
    "smart doorbell": 4,
    "silent keyboard": 4,
    "tent": 3,
    "kettle": 2,
    "gift card": 1,
}
"""What shoppers type and how often. A search that finds nothing is a valid answer too."""

QUANTITIES = {1: 80, 2: 14, 3: 4, 5: 2}
"""How many of one product go into the cart, and how often."""


def seed_iteration(rng: Random, seed: str, shopper: str, iteration: int) -> None:
    """Start one iteration's draws afresh.

    Whatever an iteration draws, or leaves undrawn because a step failed, the next one is the same.
    """
    rng.seed(f"{seed}/{shopper}/{iteration}")


def draw_pause(rng: Random, seconds: tuple[float, float]) -> float:
    """How long the shopper thinks after this iteration."""
    return rng.uniform(*seconds)


def draw_product(rng: Random) -> int:
    """A product id; a few products get most of the attention."""
    return rng.choices(PRODUCTS, cum_weights=POPULARITY)[0]


def draw_products(rng: Random, counts: Sequence[int]) -> list[int]:
    """As many product ids as one of `counts`; a shopper may well come back to the same product."""
    return [draw_product(rng) for _ in range(rng.choice(counts))]


def draw_search(rng: Random) -> str:
    """The words that a shopper types."""
    return rng.choices(list(SEARCHES), list(SEARCHES.values()))[0]


def draw_quantity(rng: Random) -> int:
    """How many of a product go into the cart."""
    return rng.choices(list(QUANTITIES), list(QUANTITIES.values()))[0]
