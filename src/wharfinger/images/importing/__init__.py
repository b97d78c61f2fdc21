"""Imports: what a stream takes over from other registries, asked for or by the clock."""
