"""Verdicts with their reasons, from values alone: which registries may be used."""
