"""
What each runtime of a host does when it is asked for an image, and the file and line that decide.

Pure, and from the files alone: it tells how the host is now, whatever the site file says. A module
for each runtime has a function `explain`, which gives nothing where the host does not have it.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.explain import containerd, containers, docker, docker_rhel
from wharfinger.hosts.explain.verdict import Explanation
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.oci.reference import ImageReference

RUNTIMES: Final = (docker.explain, docker_rhel.explain, containers.explain, containerd.explain)


def explain(facts: Facts, image: ImageReference) -> list[Explanation]:
    """In the order in which each runtime tries the names. Raise `UnreadableFile` for a file of
    Docker or containerd that is none."""
    return [found for runtime in RUNTIMES for found in runtime(facts, image)]
