"""Writes the rules of monitoring/ as one PrometheusRule for the Prometheus Operator; a test holds it to them.

python scripts/make_prometheusrule.py
"""

import textwrap
from pathlib import Path

MONITORING = Path(__file__).resolve().parent.parent / "monitoring"
FILE = MONITORING / "operator" / "canarygate.prometheusrule.yaml"
HEAD = """\
# Written by scripts/make_prometheusrule.py from ../rules; change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: canarygate
  labels:
    app.kubernetes.io/part-of: canarygate
spec:
  groups:
"""


def prometheus_rule() -> str:
    """The groups of both files, word for word."""
    texts = [
        (MONITORING / "rules" / name).read_text("utf-8")
        for name in ("recording.yaml", "alerts.yaml")
    ]
    groups = (text.split("\ngroups:\n", 1)[1] for text in texts)
    return HEAD + "".join(textwrap.indent(each, "  ") for each in groups)


if __name__ == "__main__":
    FILE.write_text(prometheus_rule(), "utf-8")
