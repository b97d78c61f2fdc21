"""A world with a project and nodes on which workloads are rehearsed."""

from __future__ import annotations

import pytest

from made_pods import node
from wharfinger.cluster.kinds.node import NODE


@pytest.fixture
async def stage(world):
    """A world with the project `p` and two rehearsal nodes."""
    await world.project()
    for name in ("n1", "n2"):
        made = node(name)
        await world.make(NODE, name, "", metadata=made["metadata"], spec=made["spec"])
    await world.provisioner.settle()
    return world
