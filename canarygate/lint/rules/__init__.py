"""Every rule, in the order in which docs/lint.md tells of them."""

from canarygate.lint.findings import Rule
from canarygate.lint.rules import (
    arg_values,
    args,
    braces,
    conditions,
    fields,
    jobs,
    limits,
    names,
    patterns,
    queries,
    ratios,
    refused,
    rollouts,
    shell,
    steps,
    syntax,
    templates,
    traffic,
)

RULES: tuple[Rule, ...] = (
    *limits.RULES,
    *conditions.RULES,
    *args.RULES,
    *arg_values.RULES,
    *braces.RULES,
    *templates.RULES,
    *names.RULES,
    *patterns.RULES,
    *jobs.RULES,
    *shell.RULES,
    *syntax.RULES,
    *queries.RULES,
    *ratios.RULES,
    *traffic.RULES,
    *rollouts.RULES,
    *refused.RULES,
    *steps.RULES,
    *fields.RULES,
)
