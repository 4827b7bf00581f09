"""The flows in real Locust processes, against a stand-in shop that remembers who asked for what."""

import gzip
from collections import defaultdict
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.locustfiles.conftest import Answer, Asked, Locust, Run, StandIn

pytestmark = pytest.mark.live

FIVE_USERS = ("-u", "5", "-r", "5")
BROKEN_BODIES = [
    b"",
    b"null",
    b"true",
    b"[]]",
    b'"wireless"',
    b"17",
    b"{}",
    b'{"id": 0, "productId": 0, "orderId": null, "status": 7, "items": 3}',
    b"<html>Service temporarily unavailable</html>",
    b"\xff\xfe\x00",
    b"[" * 50_000,
    b" " * 1_000_001,
]


def one_is_a_prefix(one: "list[Asked]", other: "list[Asked]") -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


@pytest.mark.parametrize(
    "flow", [pytest.param("checkout_flow.py", marks=pytest.mark.smoke), "mixed_flow.py"]
)
def test_a_slow_shop_is_asked_the_same_as_a_fast_one_user_by_user(
    locust: "Locust", shop: "StandIn", slow_shop: "StandIn", flow: str
) -> None:
    runs = [
        locust.start(*FIVE_USERS, "-H", arm.url, flow=flow, seconds=4, pace=0.05, SEED="11")
        for arm in (shop, slow_shop)
    ]
    assert [0, 0] == [wait().returncode for wait in runs]

    assert 5 == len(shop.asked)
    assert shop.asked.keys() == slow_shop.asked.keys()
    assert [] == [
        user
        for user in shop.asked
        if not one_is_a_prefix(shop.sequence(user), slow_shop.sequence(user))
    ]
    assert min(len(slow_shop.sequence(user)) for user in slow_shop.asked) >= 4
    assert 5 == len({tuple(shop.sequence(user)[:6]) for user in shop.asked})


def test_failures_end_their_visit_and_change_no_other(
    locust: "Locust", shop: "StandIn", slow_shop: "StandIn"
) -> None:
    """A step that fails leaves draws undrawn and requests unsent, in its own iteration only."""
    healthy, answers = shop.answer, cycle([500, 200, 404, 200, 200])

    def failing(target: str, body: bytes) -> "Answer":
        answer = healthy(target, body)
        status = next(answers)
        return answer if status == 200 else type(answer)(status, answer.body)

    slow_shop.answer, slow_shop.delay = failing, lambda: 0.0
    runs = [
        locust.start(*FIVE_USERS, "-H", arm.url, seconds=3, SEED="11") for arm in (shop, slow_shop)
    ]
    assert [[], []] == [wait().raised for wait in runs]

    visits = [
        (shop.asked[user][iteration], slow_shop.asked[user][iteration])
        for user in shop.asked
        for iteration in shop.asked[user].keys() & slow_shop.asked[user].keys()
    ]
    assert [] == [pair for pair in visits if not one_is_a_prefix(*pair)]
    assert len([pair for pair in visits if len(pair[0]) == 3]) >= 20
    assert len([pair for pair in visits if len(pair[1]) < len(pair[0])]) >= 5


@pytest.mark.parametrize("failing", ["/api/cart/items", "/api/checkout"])
def test_a_checkout_ends_at_its_first_failed_step(
    locust: "Locust", shop: "StandIn", failing: str
) -> None:
    healthy = shop.answer

    def answer(target: str, body: bytes) -> "Answer":
        right = healthy(target, body)
        return type(right)(right.status, b"{}") if target == failing else right

    shop.answer = answer
    run = locust.start(*FIVE_USERS, "-H", shop.url)()
    steps = ["/api/cart/items", "/api/checkout", "/api/orders/:id"]
    asked = {asked.path for user in shop.asked for asked in shop.sequence(user)}

    assert [] == run.raised
    assert set(steps[: steps.index(failing) + 1]) == asked & set(steps)


def test_every_wrong_body_is_a_failure_and_none_an_exception(
    locust: "Locust", shop: "StandIn"
) -> None:
    """Few distinct messages too: each is a row among Locust's failures."""
    bodies: dict[str, cycle[bytes]] = defaultdict(lambda: cycle(BROKEN_BODIES))
    healthy = shop.answer

    def answer(target: str, body: bytes) -> "Answer":
        right = healthy(target, body)
        return type(right)(right.status, next(bodies[urlsplit(target).path[:10]]))

    shop.answer = answer
    run = locust.start("-u", "10", "-r", "10", "-H", shop.url, flow="mixed_flow.py", seconds=4)()
    messages = set().union(*run.errors.values())

    assert (0, []) == (run.returncode, run.raised)
    assert {"GET /api/products/:id", "GET /api/products?q=...", "POST /api/cart/items"} == set(
        run.errors
    )
    assert messages - {None} == {
        f"CatchResponseError('{reason}')"
        for reason in (
            "the body is empty",
            "the body is larger than 1 MB",
            "the body is not JSON",
            "the body is not a JSON object",
            "no list of products",
            "not the product that was asked for",
            "not the product that was added",
        )
    }
    assert None not in messages


def test_a_checkout_is_right_with_status_201_only(locust: "Locust", shop: "StandIn") -> None:
    healthy = shop.answer
    shop.answer = lambda target, body: type(right := healthy(target, body))(200, right.body)
    run = locust.start(*FIVE_USERS, "-H", shop.url)()

    assert {
        "GET /api/products/:id": {None},
        "GET /api/products?q=...": {None},
        "POST /api/cart/items": {None},
        "POST /api/checkout": {"CatchResponseError('the status is not 201')"},
    } == run.errors


def all_ends(run: "Run") -> set[str | None]:
    return set().union(*run.errors.values())


def test_an_error_status_is_a_failure_whatever_the_page_says(
    locust: "Locust", shop: "StandIn"
) -> None:
    """Left alone, Locust's client raises on a page that is not UTF-8 and records nothing."""
    healthy, pages = shop.answer, cycle([b"null", b"caf\xe9", b""])
    shop.answer = lambda target, sent: type(healthy(target, sent))(503, next(pages))
    run = locust.start("-u", "1", "-H", shop.url)()

    assert ({"CatchResponseError('status 503')"}, []) == (all_ends(run), run.raised)


def test_a_body_that_cannot_be_decoded_is_a_failure(locust: "Locust", shop: "StandIn") -> None:
    healthy, encodings = shop.answer, cycle(["br", "gzip", "deflate", "zstd"])
    shop.answer = lambda target, sent: type(healthy(target, sent))(200, b"{}", next(encodings))
    run = locust.start("-u", "1", "-H", shop.url)()

    assert [] == run.raised
    assert "error('the body cannot be decoded')" in all_ends(run)
    assert {"error"} == {str(end).partition("(")[0] for end in all_ends(run)}


def test_a_compressed_body_is_read(locust: "Locust", shop: "StandIn") -> None:
    healthy = shop.answer

    def answer(target: str, sent: bytes) -> "Answer":
        right = healthy(target, sent)
        return type(right)(right.status, gzip.compress(right.body), "gzip")

    shop.answer = answer
    run = locust.start(*FIVE_USERS, "-H", shop.url)()

    assert {None} == all_ends(run)


def test_errors_of_transport_keep_their_own_type_and_no_address(
    locust: "Locust", shop: "StandIn", free_port: int
) -> None:
    """A message with a URL would be a row of failures for every product."""
    shop.delay = lambda: 3.0
    hung = locust.start(*FIVE_USERS, "-H", shop.url, PROBE_PATIENCE="0.5")
    nobody = locust.start("-u", "1", "-H", f"http://127.0.0.1:{free_port}")

    assert {"TimeoutError('timed out')"} == all_ends(hung())
    assert {"ConnectionRefusedError(111, 'Connection refused')"} == all_ends(nobody())


@pytest.mark.parametrize("flow", ["browse_flow.py", "search_flow.py", "checkout_flow.py", ""])
def test_a_flow_runs_with_plain_locust_from_any_folder(
    locust: "Locust", shop: "StandIn", flow: str
) -> None:
    """The empty name is the whole folder, `-f locustfiles/`."""
    run = locust.start("-u", "3", "-r", "3", "-H", shop.url, flow=flow, probe=False)()

    assert 0 == run.returncode
    assert "Traceback" not in run.log
    assert len(shop.sequence("")) >= 3


def test_the_request_names_are_few_and_stable(locust: "Locust", shop: "StandIn") -> None:
    run = locust.start(*FIVE_USERS, "-H", shop.url)()

    assert {
        "GET /api/products/:id": {None},
        "GET /api/products?q=...": {None},
        "POST /api/cart/items": {None},
        "POST /api/checkout": {None},
        "GET /api/orders/:id": {None},
    } == run.errors


def test_each_user_keeps_one_session_of_its_own(locust: "Locust", shop: "StandIn") -> None:
    locust.start(*FIVE_USERS, "-H", shop.url)()

    assert [1] * 5 == [len(seen) for seen in shop.cookies.values()]
    assert 5 == len(set().union(*shop.cookies.values()))


def test_the_users_of_two_workers_are_all_different(
    locust: "Locust", shop: "StandIn", free_port: int
) -> None:
    port = str(free_port)
    own_port = (
        "--master-bind-host",
        "127.0.0.1",
        "--master-bind-port",
        port,
        "--master-port",
        port,
    )
    run = locust.start("-u", "6", "-r", "6", "-H", shop.url, "--processes", "2", *own_port)()

    assert 0 == run.returncode
    assert {f"CheckoutUser/{worker}.{user}" for worker in (0, 1) for user in (0, 1, 2)} == set(
        shop.asked
    )
    assert 6 == len({tuple(shop.sequence(user)[:6]) for user in shop.asked})


def test_whoever_numbers_the_users_is_believed(locust: "Locust", shop: "StandIn") -> None:
    locust.start(*FIVE_USERS, "-H", shop.url, PROBE_NUMBERS="40")()

    assert {f"CheckoutUser/0.{user}" for user in range(40, 45)} == set(shop.asked)


@pytest.mark.parametrize(("seed", "is_the_default"), [("", True), ("another", False)])
def test_without_a_seed_there_is_a_fixed_one(
    locust: "Locust", shop: "StandIn", slow_shop: "StandIn", seed: str, is_the_default: bool
) -> None:
    slow_shop.delay = lambda: 0.0
    runs = [
        locust.start("-u", "1", "-H", shop.url),
        locust.start("-u", "1", "-H", slow_shop.url, SEED=seed),
    ]
    assert [0, 0] == [wait().returncode for wait in runs]

    unset, given = (arm.sequence("CheckoutUser/0.0") for arm in (shop, slow_shop))
    assert min(len(unset), len(given)) > 10
    assert is_the_default == one_is_a_prefix(unset, given)
