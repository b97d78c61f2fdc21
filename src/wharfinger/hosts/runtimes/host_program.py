"""
The program that a host's services run: the Docker plugin, and containerd's image verifier.

Both runtimes ask for it here, as one file of one content.
"""

from __future__ import annotations

from functools import cache

from wharfinger.hosts import bundle
from wharfinger.hosts.on_host import installed
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.wanted import Effect, WantedFile


def file(reason: str, *effects: Effect) -> WantedFile:
    return WantedFile(installed.PATH, _content(), reason, effects, mode=0o755)


def absent(facts: Facts, reason: str) -> tuple[WantedFile, ...]:
    """Its absence, where it is there."""
    return (WantedFile(installed.PATH, None, reason),) if installed.PATH in facts.files else ()


@cache
def _content() -> bytes:
    return bundle.content()
