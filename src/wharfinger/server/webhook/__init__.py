"""The webhook that decides for any Kubernetes which images may run."""
