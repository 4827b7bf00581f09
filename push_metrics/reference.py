"""docs/metrics.md, as the catalogue has it."""

from canarygate.records import OUTCOMES, Outcome
from push_metrics.catalogue import JOB, MEASURES, METRICS, Metric
from push_metrics.labels import MAX_BYTES
from push_metrics.values import BUCKETS, MAX_ENDPOINTS

HEAD = f"""\
# The series that canarygate pushes

Written by `make docs` from `push_metrics/catalogue.py`; change it there.

## Groups

A run has one group per role on the Pushgateway. Its grouping key is `job="{JOB}"`, `service`,
`role` (`canary` or `stable`), `stage` where one is set, and what `PUSH_LABELS` adds, such as
`pod_template_hash`. The run id is not in it, as no query can know it; it is a label of
`canarygate_run_info`. The stable group of a comparison carries the canary's labels: they name the
comparison. A push replaces the whole group, and the group of the role canary comes last, so that a
verdict is never there before the numbers behind it.

## What to know before a query

- Everything is a gauge, a summary or a histogram that is written once. `rate()` of it is 0: read
  the value itself.
- Times are seconds, shares are ratios. A series that would have no meaning is absent, never NaN and
  never a made-up 0: no failure ratio without requests, no response time without a success, no
  exceptions or unfinished requests where the final report is missing, no seconds to the limit of a
  memory that does not grow, no second of the decision where it took the whole run.
- `canarygate_run_complete` is 1 only for a run that ended as planned or was decided early. A run
  that broke or was interrupted is pushed with 0 and, if it was judged, the verdict `inconclusive`.
- Response times are of successes: failures never make them look better. The one exception are
  groups with `canarygate_run_info{{source="locust_csv"}}`, made from the CSV files of a bare Locust
  run: Locust's own percentiles pool failures, are whole milliseconds, and leave out up to the last
  second. Such a group has no histogram, no verdict, no unfinished requests and no completeness.
- Quantiles are nearest-rank over the exact records. `histogram_quantile` guesses inside a bucket;
  use the histogram for the share below a bound or to add runs up.
- Select whole bounds as `le=~"1|1.0"`: Prometheus 2 stores `1` where Prometheus 3 stores `1.0`.
- A label value above {MAX_BYTES} bytes, or with control characters, is written as a stand-in that
  ends with `…` and a hash. At most {MAX_ENDPOINTS} endpoints, the busiest, get series of their own;
  `canarygate_run_endpoints_omitted` counts the rest.
- Series per endpoint are pushed on request only: `--push-endpoints`, `PUSH_ENDPOINTS`.

## Series
"""


def markdown() -> str:
    """The whole page."""
    rows = "\n".join(_row(metric) for metric in METRICS)
    measures = "\n".join(f"| `{name}` | {text} |" for name, text in MEASURES.items())
    kinds = ", ".join(f"`{each.value}`" for each in OUTCOMES if each is not Outcome.OK)
    bounds = ", ".join(f"{bound:g}" for bound in BUCKETS)
    return (
        f"{HEAD}\n| name | type | labels besides the group's | meaning |\n"
        f"| --- | --- | --- | --- |\n{rows}\n\n"
        f"Measures of the comparison (`measure`):\n\n| measure | meaning |\n| --- | --- |\n{measures}\n\n"
        f"Kinds of failure (`kind`): {kinds}.\n\n"
        f"Bounds of the histograms (`le`), in seconds: {bounds}, +Inf.\n"
    )


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind.value} | {labels} | {metric.help} |"
