"""Every computed kind is served."""

import pytest

from wharfinger.cluster.errors import (
    VerbUnsupported,
)
from wharfinger.cluster.kinds import VIRTUAL


async def test_every_computed_kind_has_its_endpoint(world):
    served = {endpoint.kind.resource for endpoint in world.endpoints.values()}

    assert {one.resource for one in VIRTUAL if one.verbs} <= served
    assert {"serviceaccounts/token", "users"} <= set(world.endpoints)
    with pytest.raises(VerbUnsupported):
        await world.endpoints["tokenreviews"].get(world.ada, "", "x")
