"""
The service of Docker's authorization plugin on a host: its units, its program, and what it cannot see.

What a build pulls no plugin sees; for that the daemon fetches through the plugin's gate, from its next
start on. Nobody's containers are stopped for it: until then the plugin refuses builds. Where Docker
fetches through a proxy of the site, that stays, and builds stay refused.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.changes import Action, Disruption
from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import access_file, host_program
from wharfinger.hosts.site.model import Registries, Site
from wharfinger.hosts.wanted import Effect, Limit, WantedFile

_DROP_INS: Final = posixpath.dirname(units.GATE_PATH)
_PROXY: Final = re.compile(rb"^\s*Environment=.*\bHTTPS?_PROXY=", re.IGNORECASE | re.MULTILINE)
_RELOAD_UNITS: Final = Effect(Action.RELOAD_UNITS, Disruption.NONE, "systemd reads its units again")
START: Final = Effect(
    Action.START_DOCKER_AUTHZ, Disruption.NONE, "it has to answer before dockerd is told of it"
)
STOP: Final = Effect(Action.STOP_DOCKER_AUTHZ, Disruption.NONE, "dockerd does not ask it any more")


def files(site: Site, facts: Facts) -> Iterator[WantedFile]:
    """The units of the plugin, or their absence."""
    policy = site.registries.access
    if policy is None:
        return
    reason = access_file.REASON
    if not access_file.decides(policy):
        for path in (units.SOCKET_PATH, units.SERVICE_PATH, units.GATE_PATH):
            if path in facts.files:
                yield WantedFile(path, None, reason, (_RELOAD_UNITS,))
        yield from host_program.absent(facts, reason)
        return
    starts = (_RELOAD_UNITS, START)
    yield host_program.file(reason, START)
    yield WantedFile(units.SOCKET_PATH, units.SOCKET_TEXT.encode(), reason, starts)
    yield WantedFile(units.SERVICE_PATH, units.SERVICE_TEXT.encode(), reason, starts)
    if _other_proxy(facts) is None:
        yield WantedFile(units.GATE_PATH, units.GATE_TEXT.encode(), reason, (_RELOAD_UNITS,))


def _other_proxy(facts: Facts) -> str | None:
    """The drop-in by which Docker already fetches through a proxy of the site."""
    for path, found in facts.files.items():
        beside = posixpath.dirname(path) == _DROP_INS and path != units.GATE_PATH
        if beside and _PROXY.search(found.content or b""):
            return path
    return None


def limits(registries: Registries, facts: Facts) -> Iterator[Limit]:
    """What has to wait, or stays refused, for builds."""
    policy = registries.access
    if policy is None or not access_file.decides(policy):
        return
    proxy = _other_proxy(facts)
    if proxy is not None:
        why = (
            f"builds are refused: Docker fetches through the proxy of {proxy}, not through our gate"
        )
    elif units.GATE_PATH not in facts.files:
        why = "builds are refused until Docker is restarted once, at a time of your choice"
    else:
        return
    yield Limit(access_file.REASON, why)
