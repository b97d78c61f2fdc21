"""Of some kinds there is never an object, and that is what is said."""

import pytest

from wharfinger.cluster.errors import ObjectNotFound, VerbUnsupported
from wharfinger.cluster.options import ListOptions, Options
from wharfinger.cluster.subject import SYSTEM

PLURALS = ("limitranges", "resourcequotas", "services")


@pytest.mark.parametrize("plural", PLURALS)
@pytest.mark.parametrize("namespace", ["p", None])
async def test_the_list_is_empty_as_of_now(world, plural, namespace):
    await world.project()
    page = await world.endpoints[plural].list(world.ada, namespace, ListOptions(limit=5))

    assert (page.items, page.continue_token) == ([], "")
    assert page.revision == world.cache.revision


@pytest.mark.parametrize("plural", PLURALS)
async def test_there_is_none_and_none_can_be_made(world, plural):
    endpoint = world.endpoints[plural]
    with pytest.raises(ObjectNotFound):
        await endpoint.get(world.ada, "p", "compute")
    with pytest.raises(VerbUnsupported):
        await endpoint.create(SYSTEM, "p", "", {"metadata": {"name": "compute"}}, Options())
    assert endpoint.kind.verbs == ("get", "list")
