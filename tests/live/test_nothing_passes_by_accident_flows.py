"""Locustfiles that do not load the host, stop half-way, or meddle: none of them passes."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.live.conftest import Gates, Shop, StartShop

pytestmark = pytest.mark.live

LOOK = 'self.client.get("/api/products/7", name="/api/products/:id")'


def shopper(*lines: str, before: str = "", after: str = "") -> str:
    """A locustfile whose users do these lines again and again."""
    body = "\n        ".join(lines)
    return f"""{before}
class Shopper(FastHttpUser):
    wait_time = between(0.05, 0.2)
    looks = 0

    @task
    def look(self):
        {body}
{after}
"""


def test_a_missing_locustfile_is_refused(gates: "Gates", canary: "Shop") -> None:
    ended = gates.run(canary.url, locust_file="checkuot_flow.py")

    assert (2, "none", "none") == ended.answer
    assert "--locust-file (LOCUST_FILE)" in ended.err


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("class Shopper(FastHttpUser\n", id="syntax error"),
        pytest.param("import no_such_module_anywhere\n" + shopper(LOOK), id="import error"),
        pytest.param(shopper(LOOK) + "\nraise ValueError('while loading')\n", id="raising"),
        pytest.param(shopper(LOOK) + "\nsys.exit(0)\n", id="exiting with 0"),
        pytest.param(shopper(LOOK) + "\nos._exit(0)\n", id="gone with 0"),
        pytest.param("", id="empty"),
        pytest.param("class Shopper:\n    pass\n", id="without users"),
        pytest.param(shopper(LOOK).replace("looks = 0", "abstract = True"), id="abstract user"),
    ],
)
def test_a_broken_locustfile_is_refused_before_any_request(
    gates: "Gates", shop: "StartShop", text: str
) -> None:
    host = shop()

    ended = gates.run(host.url, locust_file=gates.flow(text))

    assert 2 == ended.code
    assert ended.answer[1:] in [("none", "none"), ("not started", "none")]
    assert "--locust-file (LOCUST_FILE)" in ended.err
    assert 0 == host.started


@pytest.mark.smoke
def test_an_abstract_user_is_told_what_is_missing(gates: "Gates", canary: "Shop") -> None:
    """Locust would read such a file as pytest tests, by whatever configuration lies beside it."""
    flow = gates.flow(shopper(LOOK).replace("looks = 0", "abstract = True"))
    beside = gates.folder / "pyproject.toml"
    beside.write_text('[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n')

    ended = gates.run(canary.url, locust_file=flow)

    assert 2 == ended.code
    assert "has no user class" in ended.err
    assert "without `abstract = True`" in ended.err
    assert "Traceback" not in ended.err


def test_a_file_of_pytest_tests_is_a_flow(gates: "Gates", shop: "StartShop") -> None:
    """Locust reads one as such where no file has a user class; the recorder is none of them."""
    host = shop("base=2ms")
    flow = gates.flow(
        "def test_look(fastsession):\n"
        "    fastsession.get('/api/products/7', name='look')\n"
        "    time.sleep(0.1)\n"
    )

    ended = gates.run(host.url, locust_file=flow)

    # Locust ends such users in the middle of a request.
    unfinished = ended.run.file.roles["canary"].unfinished
    assert (0, "finished", "pass") == ended.answer
    assert ended.records() + unfinished == host.started
    assert unfinished <= 20


def test_fewer_users_than_user_classes_are_refused(gates: "Gates", shop: "StartShop") -> None:
    host = shop()
    text = shopper(LOOK) + shopper(LOOK).replace("Shopper", "Buyer")

    ended = gates.run(host.url, users="1", locust_file=gates.flow(text))

    assert (2, "not started", "none") == ended.answer
    assert "Buyer, Shopper" in ended.err
    assert 0 == host.started


def test_a_listener_that_raises_at_the_start_breaks_the_run(gates: "Gates", canary: "Shop") -> None:
    text = shopper(LOOK) + "\n@events.init.add_listener\ndef _(**_): raise ValueError('early')\n"

    ended = gates.run(canary.url, locust_file=gates.flow(text))

    assert 0 != ended.code
    assert "pass" != ended.answer[2]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(shopper("gevent.sleep(1e9)"), id="sleeping for ever"),
        pytest.param(shopper("pass"), id="doing nothing"),
        pytest.param(shopper("raise ValueError"), id="raising in every task"),
        pytest.param(
            shopper(LOOK, before="MISSING = []").replace("@task", "tasks = []"), id="without tasks"
        ),
        pytest.param(
            shopper(LOOK, after="    def on_start(self): raise ValueError"), id="failing to start"
        ),
    ],
)
def test_a_flow_that_sends_nothing_breaks_the_run(
    gates: "Gates", shop: "StartShop", text: str
) -> None:
    host = shop()

    ended = gates.run(host.url, run_time="3s", locust_file=gates.flow(text))

    assert (3, "broken", "inconclusive") == ended.answer
    assert 0 == host.started == ended.records()


def test_a_flow_that_raises_after_each_request_does_not_pass(
    gates: "Gates", canary: "Shop"
) -> None:
    ended = gates.run(canary.url, locust_file=gates.flow(shopper(LOOK, "raise ValueError")))

    assert (3, "broken", "inconclusive") == ended.answer
    assert "every task raised" in ended.err


def test_a_flow_that_raises_now_and_then_is_inconclusive(gates: "Gates", canary: "Shop") -> None:
    text = shopper(LOOK, "assert random.random() > 0.1")

    ended = gates.run(canary.url, locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.exceptions"} == set(ended.open_checks)


def test_answers_that_leave_no_record_are_inconclusive(gates: "Gates", canary: "Shop") -> None:
    """Locust records no request whose `with` block raises: 40 on the server, 0 in its statistics."""
    text = shopper(
        "try:",
        "    with self.client.get('/api/products/7', catch_response=True):",
        "        assert random.random() > 0.1",
        "except AssertionError:",
        "    pass",
    )

    ended = gates.run(canary.url, locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.unrecorded"} == set(ended.open_checks)


def test_users_that_all_get_stuck_half_way_are_inconclusive(gates: "Gates", canary: "Shop") -> None:
    """Their requests so far would be a pass: 500 without an error."""
    text = shopper(LOOK, "self.looks += 1", "if self.looks == 25: gevent.sleep(1e9)")

    ended = gates.run(canary.url, run_time="9s", locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.silence"} == set(ended.open_checks)
    assert 500 == ended.records()


def test_users_that_all_stop_half_way_are_inconclusive(gates: "Gates", canary: "Shop") -> None:
    text = shopper(LOOK, "self.looks += 1", "if self.looks == 25: raise StopUser")

    ended = gates.run(canary.url, run_time="5s", locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert "run.users" in ended.open_checks


def test_a_user_in_a_busy_loop_stops_the_clock_and_breaks_the_run(
    gates: "Gates", canary: "Shop", stable: "Shop"
) -> None:
    """Nothing else of that Locust runs any more: not its timer, not its handler of SIGTERM."""
    text = shopper(LOOK, "self.looks += 1", "while self.looks == 5: pass")

    ended = gates.run(
        canary.url, stable.url, run_time="2s", request_timeout="1s", locust_file=gates.flow(text)
    )

    assert (3, "broken", "inconclusive") == ended.answer


@pytest.mark.parametrize("call", ["sys.exit(0)", "os._exit(0)"])
def test_a_task_that_ends_locust_breaks_the_run(gates: "Gates", canary: "Shop", call: str) -> None:
    text = shopper(LOOK, "self.looks += 1", f"if self.looks == 25: {call}")

    ended = gates.run(canary.url, run_time="6s", locust_file=gates.flow(text))

    assert (3, "broken", "inconclusive") == ended.answer


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            shopper(LOOK, "self.looks += 1", "if self.looks == 25: self.environment.runner.quit()"),
            id="runner.quit",
        ),
        pytest.param(
            shopper(
                LOOK,
                after="""
class Short(LoadTestShape):
    def tick(self):
        return (20, 40) if self.get_run_time() < 3 else None
""",
            ),
            id="LoadTestShape",
        ),
    ],
)
def test_a_flow_that_cuts_the_run_short_breaks_it(
    gates: "Gates", canary: "Shop", text: str
) -> None:
    """The requests until then would be a pass."""
    ended = gates.run(canary.url, run_time="6s", locust_file=gates.flow(text))

    assert (3, "broken", "inconclusive") == ended.answer
    assert ended.records() >= 300
    assert "of 6 s" in ended.err


def test_an_exit_code_of_the_locustfiles_own_is_inconclusive(
    gates: "Gates", canary: "Shop"
) -> None:
    text = f"""{shopper(LOOK)}
@events.quitting.add_listener
def _(environment, **_):
    environment.process_exit_code = 7
"""
    ended = gates.run(canary.url, locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.ending": "canary: Locust ended with status 7"} == ended.open_checks


def test_an_exit_code_of_0_set_by_the_locustfile_hides_nothing(
    gates: "Gates", shop: "StartShop"
) -> None:
    text = f"""{shopper(LOOK)}
@events.test_start.add_listener
def _(environment, **_):
    environment.process_exit_code = 0
"""
    ended = gates.run(shop("error=503:20%").url, locust_file=gates.flow(text))

    assert (10, "finished", "fail") == ended.answer


def test_a_request_listener_that_raises_loses_no_record_and_does_not_pass(
    gates: "Gates", shop: "StartShop"
) -> None:
    host = shop()
    text = f"""
@events.request.add_listener
def _(**_):
    raise ValueError("a listener of the locustfile's own")
{shopper(LOOK)}"""

    ended = gates.run(host.url, locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.ending"} == set(ended.open_checks)
    assert host.started == ended.records()


def test_a_locustfile_that_asks_another_host_only_is_inconclusive(
    gates: "Gates", shop: "StartShop", canary: "Shop"
) -> None:
    other = shop()
    text = shopper(f'self.client.get("{other.url}/api/products/7")')

    ended = gates.run(canary.url, locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.target"} == set(ended.open_checks)


def test_a_host_whose_name_only_begins_alike_is_another_host(
    gates: "Gates", shop: "StartShop"
) -> None:
    """`http://canary` begins `http://canary-staging`; here port 80 is asked for and never used."""
    text = shopper(f'self.client.get("{shop().url}/api/products/7")')

    ended = gates.run("http://127.0.0.1", locust_file=gates.flow(text))

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.target"} == set(ended.open_checks)


def test_a_host_of_the_locustfiles_own_does_not_win(
    gates: "Gates", shop: "StartShop", refusing: str
) -> None:
    host = shop()
    text = shopper(LOOK).replace("looks = 0", f'looks, host = 0, "{refusing}"')

    ended = gates.run(host.url, locust_file=gates.flow(text))

    assert (0, "finished", "pass") == ended.answer
    assert host.started == ended.records()


@pytest.mark.parametrize(
    "extra",
    [
        ["--reset-stats"],
        ["--reset-s"],
        ["--tags", "a", "--user=1"],
        ["--host", "http://127.0.0.1:1"],
        ["--ho=http://127.0.0.1:1"],
        ["-Hhttp://127.0.0.1:1"],
        ["-t1s"],
        ["-u", "1"],
        ["--run-ti", "1s"],
        ["--exit-code-on-error=0"],
        ["--config", "mine.conf"],
        ["--conf=mine.conf"],
        ["--worker"],
        ["--list"],
    ],
    ids=" ".join,
)
def test_what_decides_the_run_cannot_be_given_a_second_time(
    gates: "Gates", canary: "Shop", extra: list[str]
) -> None:
    """Locust takes the last one, also shortened or glued to its value."""
    before = canary.started

    ended = gates.run(canary.url, None, "--", *extra)

    assert (2, "none", "none") == ended.answer
    assert before == canary.started


def test_tags_that_match_no_task_break_the_run(gates: "Gates", canary: "Shop") -> None:
    ended = gates.run(canary.url, None, "--", "--tags", "nothing", run_time="3s")

    assert (3, "broken", "inconclusive") == ended.answer
