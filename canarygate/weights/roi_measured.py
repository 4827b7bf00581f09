"""What the benchmarks measured of canarygate's judge; a test holds this against benchmarks/README.md."""

from dataclasses import dataclass

SOURCE = "benchmarks/README.md, verdict_quality.py --seed 10001 --pairs 500, closed arrival"
RUN_SECONDS = 300.0
"""The longest of the simulated runs."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of bad release, and what 500 simulated gates made of it."""

    name: str
    detected: float
    """Share of the gates that failed it."""
    seconds: float
    """Median until the fail where it was measured, else the whole time that the gate had."""
    has_median: bool = False


FAULTS = (
    Fault(name="12 % of requests fail", detected=1.0, seconds=7.4, has_median=True),
    Fault(name="200 to 800 ms slower", detected=1.0, seconds=14.0, has_median=True),
    Fault(name="2 % of requests fail", detected=1.0, seconds=40.8, has_median=True),
    Fault(name="1 % of requests fail", detected=0.982, seconds=82.0, has_median=True),
    Fault(name="busiest endpoint 30 % slower", detected=0.992, seconds=RUN_SECONDS),
    Fault(name="busiest endpoint 20 % slower", detected=0.698, seconds=RUN_SECONDS),
    Fault(name="rarest endpoint 30 % slower", detected=0.88, seconds=RUN_SECONDS),
    Fault(name="rarest endpoint twice as slow", detected=1.0, seconds=RUN_SECONDS),
    Fault(name="1 % of requests stall for 1 s", detected=0.97, seconds=RUN_SECONDS),
    Fault(name="leak of 0.5 to 2 MB/s", detected=0.792, seconds=120.0),
    Fault(name="leak of 0.2 MB/s", detected=0.886, seconds=RUN_SECONDS),
)
HEALTHY_FAILED = 0.002
"""Of 500 pairs of equal versions, in runs of up to 300 s."""
HEALTHY_INCONCLUSIVE = 0.0
"""The same; by default an inconclusive gate stops a release as well."""
FALSE_ALARM_SHARE = HEALTHY_FAILED + HEALTHY_INCONCLUSIVE
DETECTION_SHARE = round(sum(each.detected for each in FAULTS) / len(FAULTS), 3)
"""As if every kind of bad release were as frequent as the others; yours are not."""
DETECTION_SECONDS = round(sum(each.seconds for each in FAULTS) / len(FAULTS))
