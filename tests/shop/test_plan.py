import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.shop.faults import parse_faults
from canarygate.shop.plan import NOTHING, Fate, Plan, Planner
from canarygate.shop.routes import CHECKOUT, PRODUCTS, SHOP_ROUTES


def a_planner(text: str, seed: int = 7) -> Planner:
    return Planner(parse_faults(text), seed)


@given(st.sampled_from(SHOP_ROUTES), st.floats(0, 1e6))
def test_without_faults_nothing_happens(route: str, age_s: float) -> None:
    assert NOTHING == Planner(parse_faults(""), 1).plan(route, age_s)


@given(st.integers(), st.lists(st.sampled_from(SHOP_ROUTES), max_size=20))
def test_the_same_seed_and_order_give_the_same_plans(seed: int, routes: list[str]) -> None:
    text = "base=5-50ms; latency=200-800ms:30%; error=503:12%; drop=5%; hang=5%; body=wrong:10%"
    first, second = a_planner(text, seed), a_planner(text, seed)

    assert [first.plan(route, 0) for route in routes] == [second.plan(route, 0) for route in routes]


def test_latency_is_drawn_evenly_from_its_whole_range() -> None:
    planner = a_planner("latency=200-800ms")
    delays = sorted(planner.plan(PRODUCTS, 0).delay_s for _ in range(4_000))

    assert 0.2 <= delays[0] < 0.205
    assert pytest.approx([0.35, 0.5, 0.65], abs=0.015) == [delays[q] for q in (1000, 2000, 3000)]
    assert 0.795 < delays[-1] <= 0.8


def test_a_share_touches_that_share_of_requests() -> None:
    planner = a_planner("error=503:12%")
    statuses = [planner.plan(PRODUCTS, 0).error_status for _ in range(10_000)]

    assert {None, 503} == set(statuses)
    assert 1_100 < statuses.count(503) < 1_300


@pytest.mark.parametrize(("share", "fate"), [("0%", Fate.ANSWER), ("100%", Fate.DROP)])
def test_no_share_and_the_whole_share_are_certain(share: str, fate: Fate) -> None:
    planner = a_planner(f"drop={share}")

    assert {fate} == {planner.plan(PRODUCTS, 0).fate for _ in range(1_000)}


def test_delays_add_up_and_factors_touch_the_base_only() -> None:
    planner = a_planner("base=20ms; slow=3x; latency=5ms; latency=7ms")

    assert Plan(delay_s=0.072) == planner.plan(PRODUCTS, 0)


def test_the_base_of_a_route_wins_over_the_general_one_in_any_order() -> None:
    planner = a_planner("base=90ms route=/api/checkout; base=20ms")

    assert 0.09 == planner.plan(CHECKOUT, 0).delay_s
    assert 0.02 == planner.plan(PRODUCTS, 0).delay_s


def test_a_fault_stays_on_its_route() -> None:
    planner = a_planner("error=500 route=/api/checkout")

    assert Plan(error_status=500) == planner.plan(CHECKOUT, 0)
    assert NOTHING == planner.plan(PRODUCTS, 0)


@pytest.mark.parametrize(
    ("age_s", "status"), [(0, None), (9.9, None), (10, 500), (14.9, 500), (15, None)]
)
def test_a_fault_keeps_to_its_time(age_s: float, status: int | None) -> None:
    assert status == a_planner("error=500 after=10s for=5s").plan(PRODUCTS, age_s).error_status


@pytest.mark.parametrize(("age_s", "delay_s"), [(0, 1.6), (10, 0.85), (15, 0.475), (20, 0.1)])
def test_a_cold_start_warms_up_evenly(age_s: float, delay_s: float) -> None:
    planner = a_planner("base=100ms; cold=1500ms for=20s")

    assert pytest.approx(delay_s) == planner.plan(PRODUCTS, age_s).delay_s


@pytest.mark.parametrize(("age_s", "delay_s"), [(0, 0.5), (10, 0.3), (20, 0.1)])
def test_a_cold_start_can_be_a_factor(age_s: float, delay_s: float) -> None:
    planner = a_planner("base=100ms; cold=5x for=20s")

    assert pytest.approx(delay_s) == planner.plan(PRODUCTS, age_s).delay_s


def test_a_drop_wins_over_a_hang_and_a_hang_over_an_error() -> None:
    both, hang = a_planner("drop=100%; hang=100%"), a_planner("hang=100%; error=500")

    assert Fate.DROP == both.plan(PRODUCTS, 0).fate
    assert Fate.HANG == hang.plan(PRODUCTS, 0).fate


def test_leaks_per_request_add_up_and_those_per_second_are_not_the_requests() -> None:
    planner = a_planner("leak=1KB; leak=2KB route=/api/checkout; leak=1MB/s")

    assert Plan(leak_bytes=3_000) == planner.plan(CHECKOUT, 0)
    assert Plan(leak_bytes=1_000) == planner.plan(PRODUCTS, 0)
