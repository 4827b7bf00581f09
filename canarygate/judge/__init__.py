"""From records to a verdict: pure functions of what a run kept and of a policy."""
