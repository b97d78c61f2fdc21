"""Every computed kind is served."""

import pytest

from wharfinger.cluster.errors import (
    VerbUnsupported,
)
from wharfinger.cluster.kinds import VIRTUAL


async def test_every_computed_kind_has_its_endpoint(world):
    served = {endpoint.kind.resource for endpoint in world.endpoints.values()}

    # Those of images need a registry: tests/images/test_endpoints.py.
    wanted = {one.resource for one in VIRTUAL if one.verbs and one.group != "image.openshift.io"}
    assert wanted <= served
    assert {"serviceaccounts/token", "users"} <= set(world.endpoints)
    with pytest.raises(VerbUnsupported):
        await world.endpoints["tokenreviews"].get(world.ada, "", "x")
