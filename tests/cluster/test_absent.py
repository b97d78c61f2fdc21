"""Of some kinds there is never an object, and that is what is said."""

import pytest

from wharfinger.cluster import outside, schema
from wharfinger.cluster.errors import ObjectNotFound, VerbUnsupported
from wharfinger.cluster.kinds.absent import KINDS
from wharfinger.cluster.options import ListOptions, Options
from wharfinger.cluster.subject import SYSTEM

PLURALS = ("limitranges", "resourcequotas", "services", "customresourcedefinitions")
WRITTEN = {
    "LimitRange": {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
    "ResourceQuota": {"spec": {"hard": {"pods": "4"}}, "status": {"used": {"pods": "1"}}},
    "Service": {
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
        "status": {"loadBalancer": {}},
    },
    "CustomResourceDefinition": {
        "spec": {
            "group": "dock.test",
            "names": {"plural": "ships", "kind": "Ship"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True}],
        }
    },
}
"""What people write of each, by kind."""


def test_they_are_these():
    assert tuple(kind.plural for kind in KINDS) == PLURALS


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


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_what_people_write_passes_the_schema_and_comes_to_a_sentence(kind):
    body = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": "compute"},
        **WRITTEN[kind.kind],
    }

    assert schema.validate(kind, body) == ((), ())
    assert outside.sentence(kind.group, kind.version, kind.plural) is not None
