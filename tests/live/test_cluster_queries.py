"""Every PromQL expression of jobs/ and monitoring/, asked of one real Prometheus with real series."""

from collections.abc import Callable, Iterator

import pytest

from tests.live.cluster_asked import CANARY_HASH, STABLE_HASH, everything
from tests.live.cluster_expected import CASES, error_share, mismatches
from tests.live.cluster_panels import expected
from tests.live.cluster_world import World, running_world

pytestmark = pytest.mark.live

PLACES = tuple(everything("healthy"))
ALWAYS = {
    ("CanaryLoadTestFailed", "slow"),
    ("CanaryLoadTestFailed", "failing"),
    ("CanaryLoadTestFailed", "leaking"),
    ("CanaryLoadTestInconclusive", "crashing"),
    ("CanaryLoadTestMemoryToLimit", "leaking"),
    ("CanaryLoadTestResultStale", "crashing"),
    ("CanaryMemoryToLimit", "leaking"),
    ("CanaryWeightExceeded", "failing"),
    ("CanaryWeightExceeded", "slow"),
}
MISLED = {("CanaryPushRejected", "crashing"), ("CanaryWeightsCannotAsk", "")}
WITHOUT_HONOR = {("CanaryHonorLabelsMissing", "")}
"""Of the gateway that then goes down, and its series with it."""
DOWN = {("CanaryPushgatewayDown", ""), ("CanaryWeightsDown", "")}


TRIES = 2
"""A test that fails is tried again, and with it a world that did not come up; not for every test anew."""


@pytest.fixture(scope="module")
def tries() -> list[int]:
    """One entry per world begun."""
    return []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tries: list[int]) -> Iterator[World]:
    """Some 50 seconds in the lives of six services, and four moments to ask about."""
    assert len(tries) < TRIES, "the world did not come up; the first tests say why"
    tries.append(1)
    with running_world(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def wrong_answers(world: World, place: str, change: Callable[[str], str] = str) -> list[str]:
    """What an expression says that is not so, case by case."""
    of_place = expected(world)[place]
    wrong = []
    for case, answer in of_place.of.items():
        service, moment = CASES[case]
        samples = world.ask(change(everything(service)[place]), moment)
        found = mismatches(answer, of_place.by, samples, service)
        wrong += [f"{case}: {each}" for each in found]
    return wrong


@pytest.mark.parametrize("place", PLACES)
def test_an_expression_says_what_is_so(world: World, place: str) -> None:
    assert [] == wrong_answers(world, place)


@pytest.mark.parametrize("place", [each for each in PLACES if each.startswith("recording.yaml")])
def test_a_record_is_there_under_its_name(world: World, place: str) -> None:
    """As the rules of monitoring/ wrote it, which an alert or a panel then reads."""
    name = place.partition(" ")[2]

    assert [] == wrong_answers(world, place, lambda _: name)


@pytest.mark.parametrize(
    ("place", "right", "wrong"),
    [
        ("canary-error-rate error-rate", "status_code=~", "code=~"),
        ("canary-success-rate success-vs-stable", STABLE_HASH, "00000"),
        ("canary-latency p95", CANARY_HASH, STABLE_HASH),
        ("canary-memory memory-growth", 'resource="memory"', 'resource="ram"'),
        ("canary-health restarts", "-[a-z0-9]+", "-[a-z]+"),
        ("canary-verdict verdict", 'verdict="fail"', 'verdict="failed"'),
        ("recording.yaml service_role:http_errors:ratio5m", "status_code", "status"),
        ("recording.yaml canary_memory_seconds_to_limit", "group_left (job)", "group_left ()"),
        ("alerts.yaml CanaryLoadTestResultStale", "process_start_time_seconds", "process_start"),
        ("alerts.yaml CanaryHonorLabelsMissing", "exported_job", "job"),
        ("dashboard Load tests and their verdicts F", "failure_ratio", "failures"),
    ],
)
def test_a_broken_expression_is_noticed(world: World, place: str, right: str, wrong: str) -> None:
    """Or the tests above would prove nothing."""
    assert right in everything("healthy")[place]
    assert [] != wrong_answers(world, place, lambda text: text.replace(right, wrong))


@pytest.mark.parametrize("service", ["healthy", "slow", "failing", "leaking", "crashing"])
def test_the_table_of_runs_has_one_row_per_run(world: World, service: str) -> None:
    """Grafana merges rows whose labels are the same; a metric's name is a label too."""
    letters = "ABCDEFGHI"
    places = [f"dashboard Load tests and their verdicts {each}" for each in letters]
    rows = [world.ask(everything(service)[place], "well") for place in places]
    [row] = rows[0]
    group = {"job", "namespace", "pod_template_hash", "role", "service", "stage"}

    assert group < set(row["metric"])
    for letter, found in zip(letters[1:], rows[1:], strict=True):
        for each in found:
            assert group == set(each["metric"]), letter
            assert each["metric"].items() <= row["metric"].items(), letter


@pytest.mark.parametrize(
    ("moment", "firing"),
    [
        ("well", ALWAYS),
        ("misled", ALWAYS | MISLED | WITHOUT_HONOR),
        ("down", ALWAYS | MISLED | DOWN),
    ],
    ids=["well", "misled", "down"],
)
def test_what_should_be_known_is_told_and_nothing_else(
    world: World, moment: str, firing: set[tuple[str, str]]
) -> None:
    """Of the healthy canary there is no alert at all."""
    found = world.ask("ALERTS", moment)

    assert {"firing"} == {each["metric"]["alertstate"] for each in found}
    assert firing == {
        (each["metric"]["alertname"], each["metric"].get("service", "")) for each in found
    }


def test_the_faults_were_as_bad_as_they_were_meant_to_be(world: World) -> None:
    """12 % within five standard deviations, or the ranges above would prove little."""
    number = world.sent("failing")

    assert abs(error_share(world) - 0.12) < 5 * (0.12 * 0.88 / number) ** 0.5
    assert {"healthy": 0, "slow": 10, "failing": 10, "leaking": 10, "crashing": 3} == world.exits


def test_the_weight_service_of_jobs_base_gives_the_same_answers(world: World) -> None:
    """Asked as canary-safe-weight asks, with the matchers of its Deployment."""
    told = {name: each["status"] for name, each in world.decisions.items()}

    assert {
        "healthy": "proceed",
        "slow": "rollback",
        "failing": "rollback",
        "leaking": "hold",
        "crashing": "hold",
        "frozen": "hold",
    } == told
    assert 15 <= world.decisions["healthy"]["weight"] <= 100
