import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.shop.fault import Fault
from canarygate.shop.faults import Faults, explain_faults, parse_faults
from canarygate.shop.kinds import (
    KINDS,
    Base,
    Body,
    Cold,
    Drop,
    Error,
    Freeze,
    Hang,
    Latency,
    Leak,
    Slow,
    Unready,
)
from canarygate.shop.routes import CHECKOUT, SHOP_ROUTES

MILLISECONDS = st.integers(0, 10_000_000).map(lambda us: us / 1000)
SECONDS = st.integers(1, 86_400_000).map(lambda ms: ms / 1000)
PERCENTS = st.floats(0, 100)
FACTORS = st.floats(1, 1000)
RANGES = st.tuples(MILLISECONDS, MILLISECONDS).map(sorted)
ANY_REQUEST = {
    "route": st.none() | st.sampled_from(SHOP_ROUTES),
    "percent": PERCENTS,
    "after_s": st.just(0.0) | SECONDS,
    "for_s": st.none() | SECONDS,
}


def delays(kind: type[Base] | type[Latency]) -> st.SearchStrategy[Fault]:
    return st.builds(
        lambda ends, limits: kind(low_ms=ends[0], high_ms=ends[1], **limits),
        RANGES,
        st.fixed_dictionaries(ANY_REQUEST),
    )


def colds() -> st.SearchStrategy[Fault]:
    limits = {**ANY_REQUEST, "after_s": st.just(0.0), "for_s": SECONDS}
    return st.builds(Cold, extra_ms=MILLISECONDS, **limits) | st.builds(
        Cold, factor=FACTORS, **limits
    )


FAULTS = st.one_of(
    delays(Base),
    delays(Latency),
    st.builds(Slow, factor=FACTORS, **ANY_REQUEST),
    colds(),
    st.builds(Error, status=st.integers(400, 599), **ANY_REQUEST),
    st.builds(Drop, **ANY_REQUEST),
    st.builds(Hang, **ANY_REQUEST),
    st.builds(Body, variant=st.sampled_from(Body.variants), **ANY_REQUEST),
    st.builds(Leak, size_bytes=st.integers(0, 2**30), **ANY_REQUEST),
    st.builds(Leak, size_bytes=st.integers(0, 2**30), per_second=st.just(True), for_s=SECONDS),
    st.builds(Freeze, freeze_s=SECONDS, after_s=SECONDS),
    st.builds(Unready, unready_s=SECONDS),
)


@given(st.lists(FAULTS, max_size=5))
def test_faults_written_and_read_again_are_the_same_faults(items: list[Fault]) -> None:
    """A base makes every factor allowed."""
    faults = Faults((Base(low_ms=1.0, high_ms=2.0), *items))

    assert faults == parse_faults(str(faults))


@given(st.text(max_size=40))
def test_any_text_is_either_understood_or_refused_in_words(text: str) -> None:
    try:
        faults = parse_faults(text)
    except ValueError as error:
        faults = Faults()
        problem = str(error)
    else:
        problem = "fault: none"

    assert problem.startswith("fault")
    assert faults == parse_faults(str(faults))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("latency=200-800ms", Latency(low_ms=200, high_ms=800)),
        ("latency=200ms-1s:30%", Latency(low_ms=200, high_ms=1000, percent=30)),
        ("base=25-120ms route=/api/checkout", Base(low_ms=25, high_ms=120, route=CHECKOUT)),
        ("route=/api/checkout base=25ms", Base(low_ms=25, high_ms=25, route=CHECKOUT)),
        ("error=503:12%", Error(status=503, percent=12)),
        ("error=500 after=1m for=90s", Error(status=500, after_s=60, for_s=90)),
        ("cold=1500ms for=20s", Cold(extra_ms=1500, for_s=20)),
        ("drop=2.5%", Drop(percent=2.5)),
        ("hang=1% route=other", Hang(percent=1, route="other")),
        ("body=wrong:5%", Body(variant="wrong", percent=5)),
        ("leak=1MB", Leak(size_bytes=1_000_000)),
        ("leak=64KiB/s after=5s", Leak(size_bytes=65_536, per_second=True, after_s=5)),
        ("freeze=3s after=10s", Freeze(freeze_s=3, after_s=10)),
        ("freeze=500ms every=30s", Freeze(freeze_s=0.5, every_s=30)),
        ("unready=5s", Unready(unready_s=5)),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert Faults((fault,)) == parse_faults(text)


def test_several_faults_are_separated_by_semicolons_commas_or_lines() -> None:
    expected = Faults((Base(low_ms=20, high_ms=20), Slow(factor=2), Drop(percent=1)))

    assert expected == parse_faults("base=20ms; slow=2x, drop=1%")
    assert expected == parse_faults("base=20ms\nslow=2x;\n\ndrop=1%\n")


def test_no_text_is_no_faults() -> None:
    assert Faults() == parse_faults(" ; ")
    assert not parse_faults("")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("latancy=2ms", "unknown word 'latancy'; did you mean 'latency'?"),
        ("drop=2% rout=/api/checkout", "unknown word 'rout'; did you mean 'route'?"),
        (
            "drop=2% route=/api/chekout",
            "unknown route '/api/chekout'; did you mean '/api/checkout'?",
        ),
        ("drop", "'drop' has no value; write it like drop=2%"),
        ("drop=", "'drop=' has no value; write it like drop=2%"),
        ("drop=2%:3%", "drop takes no ':3%'"),
        ("drop=200%", "'200%' is not a share"),
        ("latency=200", "'200' is not a range of durations; try 200-800ms"),
        ("latency=800-200ms", "'800-200ms' goes from more to less"),
        ("latency=٣ms", "is not a range of durations"),
        ("leak=1KB; unready=99999m", "'99999m' is more than a day"),
        ("error=603", "'603' is not an error status"),
        ("error=200", "'200' is not an error status"),
        ("body=teapot", "'teapot' is not a kind of body"),
        ("leak=1XB", "'1XB' is not a size"),
        ("leak=0.5B", "'0.5B' is not a whole number of bytes"),
        ("leak=1MB/s route=other", "a leak per second takes no route"),
        ("cold=2s", "cold needs for="),
        ("freeze=3s", "freeze needs after= or every="),
        ("freeze=3s every=2s", "longer than the freeze"),
        ("freeze=3s:10% every=9s", "freeze takes no ':10%'"),
        ("unready=3s for=2s", "unready does not understand for=; it understands no limits"),
        ("hang=1% drop=2%", "names hang and drop"),
        ("route=other", "names no fault"),
        ("drop=1% drop=2%", "a word is given twice"),
        ("base=20ms slow=0.5x", "names base and slow"),
        ("base=20ms; slow=0.5x", "'0.5x' is not a factor"),
    ],
)
def test_what_is_not_understood_is_named_with_what_would_be(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is the assertion
        parse_faults(text)

    assert problem in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is the assertion
        parse_faults("drop=2; latency=5ms; eror=503")

    assert ["fault 'drop=2'", "fault 'eror=503'"] == [
        line.partition(":")[0] for line in str(refused.value).splitlines()
    ]


@pytest.mark.parametrize("text", ["slow=2x", "cold=5x for=10s", "slow=2x; cold=9ms for=1s"])
def test_a_factor_without_a_base_latency_is_refused(text: str) -> None:
    """It would multiply nothing, and a canary that was meant to be slow would pass."""
    with pytest.raises(ValueError, match="add base=20ms"):
        parse_faults(text)


def test_a_base_on_another_route_does_not_help_a_factor() -> None:
    with pytest.raises(ValueError, match="add base=20ms"):
        parse_faults("base=9ms route=/api/products; slow=2x route=/api/checkout")


def test_every_kind_is_explained_by_an_example_that_parses() -> None:
    lines = explain_faults().splitlines()
    examples = [kind.example.partition(",")[0] for kind in KINDS.values()]

    assert len(KINDS) == len(lines)
    assert len(KINDS) == len(parse_faults("base=1ms; " + "; ".join(examples)).items) - 1
