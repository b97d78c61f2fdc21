"""The first start makes what is needed; later ones add what is missing and nothing else."""

import pytest

from wharfinger.cluster import bootstrap, roles, rules
from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import ANONYMOUS, AUTHENTICATED, OAUTH, SYSTEM, Subject

USER = Subject("ada", groups=(OAUTH, AUTHENTICATED))
ROBOT = Subject("robot", groups=(AUTHENTICATED,))


@pytest.fixture
async def objects():
    cache = await Cache.open(MemoryStore())
    made = Objects(cache, [NamespaceLifecycle(cache)])
    await bootstrap.bootstrap(made)
    return made


async def test_a_second_start_writes_nothing(objects):
    revision = objects.cache.revision

    await bootstrap.bootstrap(objects)
    assert objects.cache.revision == revision


@pytest.mark.parametrize(
    ("subject", "access", "allowed"),
    [
        (USER, Access("create", "project.openshift.io", "projectrequests"), True),
        (ROBOT, Access("create", "project.openshift.io", "projectrequests"), False),
        (ROBOT, Access("list", "project.openshift.io", "projectrequests"), True),
        (ROBOT, Access("list", "project.openshift.io", "projects"), True),
        (ROBOT, Access("list", "", "namespaces"), False),
        (ROBOT, Access("get", path="/apis/apps"), True),
        (ANONYMOUS, Access("get", path="/apis"), False),
        (ANONYMOUS, Access("get", path="/version"), True),
        (ANONYMOUS, Access("get", path="/livez"), True),
        (ANONYMOUS, Access("get", path="/metrics"), False),
        (ANONYMOUS, Access("create", "authorization.k8s.io", "selfsubjectaccessreviews"), True),
        (ANONYMOUS, Access("create", "authorization.k8s.io", "subjectaccessreviews"), False),
    ],
)
async def test_default_rights(objects, subject, access, allowed):
    assert RbacAuthorizer(objects.cache).decide(subject, access).allowed is allowed


@pytest.mark.parametrize(("subject", "allowed"), [(ROBOT, True), (ANONYMOUS, False)])
async def test_shared_images_are_for_all_who_are_logged_in(objects, subject, allowed):
    pull = Access("get", "image.openshift.io", "imagestreams", "layers", "openshift", "app")

    assert RbacAuthorizer(objects.cache).decide(subject, pull).allowed is allowed


async def test_a_start_adds_what_is_missing_and_keeps_what_was_added(objects):
    found = objects.get(CLUSTER_ROLE, "", "registry-viewer")
    own = {"apiGroups": [""], "resources": ["own"], "verbs": ["get"]}
    changed = {**found, "rules": [own]}
    await objects.update(CLUSTER_ROLE, "", "registry-viewer", changed, SYSTEM)

    await bootstrap.bootstrap(objects)

    now = rules.parse(objects.get(CLUSTER_ROLE, "", "registry-viewer"))
    assert rules.Rule.parse(own) in now
    assert rules.uncovered(now, rules.parse(found)) == []


async def test_a_binding_that_opted_out_stays_empty(objects):
    found = objects.get(CLUSTER_ROLE_BINDING, "", "self-provisioners")
    metadata = {**found["metadata"], "annotations": {roles.AUTOUPDATE: "false"}}
    emptied = {**found, "metadata": metadata, "subjects": []}
    await objects.update(CLUSTER_ROLE_BINDING, "", "self-provisioners", emptied, SYSTEM)

    await bootstrap.bootstrap(objects)
    access = Access("create", "project.openshift.io", "projectrequests")
    assert not RbacAuthorizer(objects.cache).decide(USER, access).allowed


async def test_a_deleted_role_comes_back(objects):
    await objects.delete(CLUSTER_ROLE, "", "edit", SYSTEM)

    await bootstrap.bootstrap(objects)
    assert objects.get(CLUSTER_ROLE, "", "edit")["rules"]


def test_every_binding_names_a_role():
    known = {role.name for role in roles.CLUSTER_ROLES}

    assert {binding.role for binding in bootstrap.BINDINGS} <= known
