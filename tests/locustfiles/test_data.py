"""The draws: seeded, skewed, and the same in every process."""

from collections import Counter
from random import Random

import pytest
from _data import (
    PRODUCTS,
    QUANTITIES,
    SEARCHES,
    draw_pause,
    draw_product,
    draw_products,
    draw_quantity,
    draw_search,
    seed_iteration,
)
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.tuples(st.text(), st.text(), st.integers(min_value=1))


def a_visit(rng: Random) -> tuple[object, ...]:
    return (
        draw_product(rng),
        draw_search(rng),
        draw_quantity(rng),
        draw_products(rng, counts=(2, 3)),
        draw_pause(rng, (1.0, 3.0)),
    )


@given(key=KEYS, drawn_before=st.integers(min_value=0, max_value=20))
def test_an_iteration_draws_the_same_whatever_the_one_before_drew(
    key: tuple[str, str, int], drawn_before: int
) -> None:
    fresh, used = Random(), Random()
    for _ in range(drawn_before):
        used.random()
    seed_iteration(fresh, *key)
    seed_iteration(used, *key)

    assert a_visit(fresh) == a_visit(used)


def test_a_seed_means_the_same_everywhere() -> None:
    """Written down once: another process, machine or day must not change what a seed sends."""
    rng = Random()
    seed_iteration(rng, "7", "CheckoutUser/0.0", 1)

    assert (5, "wireless headphones", 1) == (
        draw_product(rng),
        draw_search(rng),
        draw_quantity(rng),
    )


@pytest.mark.parametrize(
    ("seed", "shopper", "iteration"),
    [("8", "CheckoutUser/0.0", 1), ("7", "CheckoutUser/0.1", 1), ("7", "CheckoutUser/0.0", 2)],
)
def test_another_seed_user_or_iteration_draws_otherwise(
    seed: str, shopper: str, iteration: int
) -> None:
    one, other = Random(), Random()
    seed_iteration(one, "7", "CheckoutUser/0.0", 1)
    seed_iteration(other, seed, shopper, iteration)

    assert a_visit(one) != a_visit(other)


@given(seed=st.integers())
def test_every_draw_is_one_that_the_shop_can_answer(seed: int) -> None:
    rng = Random(seed)
    product, words, quantity, several, pause = a_visit(rng)

    assert product in PRODUCTS
    assert words in SEARCHES
    assert quantity in QUANTITIES
    assert isinstance(several, list)
    assert len(several) in (2, 3)
    assert set(several) <= set(PRODUCTS)
    assert isinstance(pause, float)
    assert 1.0 <= pause <= 3.0


def test_a_few_products_get_most_of_the_attention_and_all_get_some() -> None:
    rng = Random(1)
    seen = Counter(draw_product(rng) for _ in range(50_000))
    shares = [count / 50_000 for _, count in seen.most_common()]

    assert set(PRODUCTS) == set(seen)
    assert [1, 2, 3] == [product for product, _ in seen.most_common(3)]
    assert 0.15 < shares[0] < 0.19
    assert 0.58 < sum(shares[:20]) < 0.64


def test_most_shoppers_take_one_piece() -> None:
    rng = Random(1)
    taken = Counter(draw_quantity(rng) for _ in range(10_000))

    assert [1, 2, 3, 5] == [quantity for quantity, _ in taken.most_common()]
    assert 0.78 < taken[1] / 10_000 < 0.82
