"""From what Prometheus saw of canary and stable to a weight that is safe; and what that is worth."""
