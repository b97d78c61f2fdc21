"""Wharfinger: the Docker tasks of a container platform, done for real."""

__version__ = "0.1.0"
