"""The recorder's own encoding of a record is the general one's, only cheaper."""

from hypothesis import given
from hypothesis import strategies as st

from canarygate.records import Outcome, encode_finished, encode_record

SECONDS = st.floats(0, 4e9)
COUNTS = st.integers(0, 10**9)
NAMES = st.text() | st.text(alphabet='a,"\r\n\0 \u2028\ud800', max_size=9) | st.just("x" * 10_001)


@given(
    SECONDS,
    SECONDS | st.none(),
    SECONDS,
    NAMES,
    COUNTS,
    NAMES,
    NAMES,
    SECONDS,
    COUNTS,
    COUNTS,
    COUNTS,
)
def test_both_encodings_are_one(
    start: float,
    other: float | None,
    end: float,
    user: str,
    sequence: int,
    method: str,
    name: str,
    duration: float,
    status: int,
    size: int,
    worker: int,
) -> None:
    intended = start if other is None else other
    for outcome in Outcome:
        row = (start, intended, end, user, sequence, method, name, duration, status, str(outcome))
        assert encode_record((*row, size, worker)) == encode_finished(
            start,
            intended,
            end,
            user,
            sequence,
            method,
            name,
            duration,
            status,
            outcome,
            size,
            worker,
        )
