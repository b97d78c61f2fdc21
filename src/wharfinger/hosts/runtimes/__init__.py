"""The compilers, one module for each runtime, in the order in which their files are written."""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.runtimes import containerd, containers, docker, docker_rhel, system_trust
from wharfinger.hosts.wanted import Compiler

COMPILERS: Final[tuple[Compiler, ...]] = (system_trust, docker, docker_rhel, containerd, containers)
