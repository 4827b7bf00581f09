"""Finds the traps in Argo Rollouts manifests: text in, findings with file and line out."""
