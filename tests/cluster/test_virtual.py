"""Every computed kind is served."""

import pytest

from wharfinger.cluster.errors import (
    VerbUnsupported,
)
from wharfinger.cluster.kinds import VIRTUAL


async def test_every_computed_kind_has_its_endpoint(world):
    assert set(world.endpoints) == {one.plural for one in VIRTUAL if one.verbs} | {
        "serviceaccounts/token"
    }
    with pytest.raises(VerbUnsupported):
        await world.endpoints["tokenreviews"].get(world.ada, "", "x")
