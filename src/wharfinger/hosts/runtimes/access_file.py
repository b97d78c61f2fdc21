"""
The compiled access policy of a host, `/etc/wharfinger/access.json`.

Two programs read it: the plugin that decides for Docker, and the image verifier of containerd 2. It
is one file of one content, so both runtimes ask for it here.
"""

from __future__ import annotations

import json

from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.site.model import Site
from wharfinger.hosts.wanted import WantedFile
from wharfinger.policy.access import AccessPolicy

PATH = "/etc/wharfinger/access.json"
REASON = "registries.allow, registries.block"


def files(site: Site, facts: Facts) -> tuple[WantedFile, ...]:
    """The file, its absence, or nothing where the site does not speak of access.

    Its readers look at it again by themselves, so a change needs no effect.
    """
    policy = site.registries.access
    if policy is None:
        return ()
    if decides(policy):
        return (WantedFile(PATH, content(policy), REASON),)
    return (WantedFile(PATH, None, REASON),) if PATH in facts.files else ()


def decides(policy: AccessPolicy) -> bool:
    """Is there anything that it blocks?"""
    return policy.closed or bool(policy.block)


def content(policy: AccessPolicy) -> bytes:
    return f"{json.dumps(policy.to_json(), indent=2)}\n".encode()
