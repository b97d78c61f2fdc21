"""A project of one's own, with its maker as administrator, or none at all."""

import pytest

from wharfinger.cluster.errors import (
    ObjectExists,
    ObjectForbidden,
    ObjectInvalid,
)
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE, ROLE_BINDING
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import ListOptions, Options
from wharfinger.cluster.subject import AUTHENTICATED, SYSTEM, Subject

ROBOT = Subject("robot", groups=(AUTHENTICATED,))


async def test_a_project_request_makes_the_requester_administrator(world):
    project = await world.request("pp", displayName="Shop", description="Sells")

    assert (project["apiVersion"], project["kind"]) == ("project.openshift.io/v1", "Project")
    annotations = project["metadata"]["annotations"]
    assert annotations["openshift.io/display-name"] == "Shop"
    assert annotations["openshift.io/description"] == "Sells"
    assert annotations["openshift.io/requester"] == "ada"
    binding = world.objects.get(ROLE_BINDING, "pp", "admin")
    assert binding["roleRef"]["name"] == "admin"
    assert [one["name"] for one in binding["subjects"]] == ["ada"]


async def test_a_taken_name_is_refused_even_to_those_who_cannot_see_it(world):
    await world.request("pp")

    with pytest.raises(ObjectExists) as refused:
        await world.request("pp", subject=world.bob)
    assert str(refused.value) == 'project.project.openshift.io "pp" already exists'


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openshift", 'cannot request a project with the name "openshift"'),
        ("kubernetes", 'cannot request a project with the name "kubernetes"'),
        ("kube", 'cannot request a project with the name "kube"'),
        ("openshift-x", 'cannot request a project starting with "openshift-"'),
        ("kube-system", 'cannot request a project starting with "kube-"'),
    ],
)
async def test_names_of_the_platform_are_refused(world, name, words):
    with pytest.raises(ObjectForbidden, match=words):
        await world.request(name)


@pytest.mark.parametrize("name", ["", "x", "Upper", "a/b", "..", "a" * 64, "kubé"])
async def test_names_outside_the_grammar_are_refused(world, name):
    with pytest.raises(ObjectInvalid):
        await world.request(name)


async def test_a_request_that_fails_half_way_leaves_no_project(world):
    await world.objects.delete(CLUSTER_ROLE, "", "admin", SYSTEM)

    class Refusing:
        def admit(self, operation, kind, namespace, name, new, old, subject, /):
            if kind is ROLE_BINDING:
                raise ObjectForbidden(kind.resource, name, "no bindings today")

    objects = Objects(world.cache, [Refusing()])
    endpoint = world.endpoints_over(objects)["projectrequests"]
    with pytest.raises(ObjectForbidden):
        await endpoint.create(world.ada, "", "", {"metadata": {"name": "pq"}}, Options())

    left = world.cache.get(NAMESPACE.resource, "", "pq")
    assert left is None or left["metadata"]["deletionTimestamp"]


async def test_may_i_ask_for_a_project(world):
    endpoint = world.endpoints["projectrequests"]

    answer = await endpoint.list(world.ada, None, ListOptions())
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    with pytest.raises(ObjectForbidden, match="you may not request a new project via this API"):
        await endpoint.list(ROBOT, None, ListOptions())
