"""Computed kinds: what they answer, and to whom."""

import asyncio
import base64

import pytest

from wharfinger.cluster import bootstrap, virtual
from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.authenticate import Authenticator
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import (
    BadRequest,
    ObjectConflict,
    ObjectExists,
    ObjectForbidden,
    ObjectInvalid,
    ObjectNotFound,
    VerbUnsupported,
)
from wharfinger.cluster.escalation import EscalationCheck
from wharfinger.cluster.kinds import VIRTUAL
from wharfinger.cluster.kinds.core import NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.project import DISPLAY_NAME
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE, ROLE_BINDING
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options, WatchOptions
from wharfinger.cluster.passwords import Passwords
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.sessions import Sessions
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import ANONYMOUS, AUTHENTICATED, OAUTH, SYSTEM, Subject
from wharfinger.cluster.tokens import ISSUER, SigningKey, Tokens

KEY = SigningKey.generate()
ADA = Subject("ada", groups=(OAUTH, AUTHENTICATED))
BOB = Subject("bob", groups=(OAUTH, AUTHENTICATED))
ROBOT = Subject("robot", groups=(AUTHENTICATED,))


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class World:
    def __init__(self, cache):
        self.cache, self.clock = cache, Clock()
        self.authorizer = RbacAuthorizer(cache)
        self.objects = Objects(cache, [NamespaceLifecycle(cache), EscalationCheck(self.authorizer)])
        self.tokens = Tokens(KEY, clock=self.clock)
        self.authenticator = Authenticator(
            cache,
            tokens=self.tokens,
            sessions=Sessions(cache, clock=self.clock),
            passwords=Passwords(clock=self.clock),
        )
        self.endpoints = {
            f"{one.kind.plural}/{one.subresource}".rstrip("/"): one
            for one in virtual.resources(
                self.objects,
                authorizer=self.authorizer,
                authenticator=self.authenticator,
                tokens=self.tokens,
            )
        }

    async def ask(self, plural, spec=None, *, subject=ADA, namespace="", name="", **options):
        obj = {"spec": spec} if spec is not None else {}
        endpoint = self.endpoints[plural]
        return await endpoint.create(subject, namespace, name, obj, Options(**options))

    async def request(self, name, subject=ADA, **fields):
        endpoint = self.endpoints["projectrequests"]
        obj = {"metadata": {"name": name}, **fields}
        return await endpoint.create(subject, "", "", obj, Options())

    async def names(self, subject, **options):
        page = await self.endpoints["projects"].list(subject, None, ListOptions(**options))
        return [one["metadata"]["name"] for one in page.items], page


@pytest.fixture
async def world():
    world = World(await Cache.open(MemoryStore()))
    await bootstrap.bootstrap(world.objects)
    return world


async def test_every_computed_kind_has_its_endpoint(world):
    assert set(world.endpoints) == {one.plural for one in VIRTUAL if one.verbs} | {
        "serviceaccounts/token"
    }
    with pytest.raises(VerbUnsupported):
        await world.endpoints["tokenreviews"].get(ADA, "", "x")


async def test_a_subject_learns_who_it_is(world):
    answer = await world.ask("selfsubjectreviews")

    assert answer["kind"] == "SelfSubjectReview"
    assert answer["status"]["userInfo"] == {
        "username": "ada",
        "groups": ["system:authenticated:oauth", "system:authenticated"],
    }


async def test_may_i_and_may_they_answer_what_would_happen(world):
    await world.request("pp")
    attributes = {"verb": "create", "resource": "secrets", "namespace": "pp"}
    mine = await world.ask("selfsubjectaccessreviews", {"resourceAttributes": attributes})
    assert mine["status"]["allowed"] is True
    assert mine["status"]["reason"].startswith("RBAC: allowed by RoleBinding")
    others = await world.ask(
        "selfsubjectaccessreviews", {"resourceAttributes": attributes}, subject=BOB
    )
    assert others["status"] == {"allowed": False}

    for user, allowed in (("ada", True), ("bob", False)):
        spec = {"resourceAttributes": attributes, "user": user, "groups": [AUTHENTICATED]}
        answer = await world.ask("subjectaccessreviews", spec)
        assert answer["status"]["allowed"] is allowed
        local = await world.ask("localsubjectaccessreviews", spec, namespace="pp")
        assert local["status"]["allowed"] is allowed


async def test_a_path_may_be_asked_for(world):
    for path, allowed in (("/version", True), ("/metrics", False)):
        spec = {"nonResourceAttributes": {"verb": "get", "path": path}}
        answer = await world.ask("selfsubjectaccessreviews", spec)
        assert answer["status"]["allowed"] is allowed


@pytest.mark.parametrize(
    ("plural", "spec", "namespace"),
    [
        ("selfsubjectaccessreviews", {}, ""),
        ("subjectaccessreviews", {"resourceAttributes": {"verb": "get"}}, ""),
        (
            "localsubjectaccessreviews",
            {"user": "ada", "resourceAttributes": {"namespace": "q"}},
            "pp",
        ),
        ("tokenreviews", {}, ""),
        ("serviceaccounts/token", {"expirationSeconds": 599}, "default"),
        ("serviceaccounts/token", {"expirationSeconds": 2**32 + 1}, "default"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(world, plural, spec, namespace):
    await world.objects.create(SERVICE_ACCOUNT, "default", {"metadata": {"name": "x"}}, SYSTEM)
    with pytest.raises(ObjectInvalid):
        await world.ask(plural, spec, namespace=namespace, name="x" if "token" in plural else "")


async def test_unknown_fields_are_refused_as_everywhere(world):
    with pytest.raises(BadRequest, match="unknown field"):
        await world.ask("selfsubjectaccessreviews", {"resourceAttribute": {}})


async def test_all_rules_of_a_namespace(world):
    await world.request("pp")
    mine = (await world.ask("selfsubjectrulesreviews", {"namespace": "pp"}))["status"]
    theirs = (await world.ask("selfsubjectrulesreviews", {"namespace": "pp"}, subject=BOB))[
        "status"
    ]

    assert any("secrets" in rule["resources"] for rule in mine["resourceRules"])
    assert not any("secrets" in rule["resources"] for rule in theirs["resourceRules"])
    assert any("/version" in rule["nonResourceURLs"] for rule in mine["nonResourceRules"])
    assert mine["incomplete"] is False
    with pytest.raises(BadRequest, match="no namespace"):
        await world.ask("selfsubjectrulesreviews", {})


async def account(world, name="pusher", namespace="default"):
    return await world.objects.create(
        SERVICE_ACCOUNT, namespace, {"metadata": {"name": name}}, SYSTEM
    )


async def token(world, name="pusher", **spec):
    endpoint = world.endpoints["serviceaccounts/token"]
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return await endpoint.create(ADA, "default", name, request, Options())


async def test_a_requested_token_proves_its_account_for_an_hour(world):
    await account(world)
    answer = await token(world, audiences=None)

    assert answer["spec"]["audiences"] == [ISSUER]
    assert answer["status"]["expirationTimestamp"] == "2027-01-15T09:00:00Z"
    proven = world.authenticator.bearer(answer["status"]["token"])
    assert proven.name == "system:serviceaccount:default:pusher"
    world.clock.now += 3600
    with pytest.raises(NotProven):
        world.authenticator.bearer(answer["status"]["token"])


async def test_a_token_of_a_deleted_and_remade_account_is_void(world):
    await account(world)
    issued = (await token(world))["status"]["token"]
    await world.objects.delete(SERVICE_ACCOUNT, "default", "pusher", SYSTEM)
    await account(world)

    with pytest.raises(NotProven):
        world.authenticator.bearer(issued)
    with pytest.raises(ObjectNotFound):
        await token(world, "nobody")


async def test_a_token_may_be_bound_to_a_secret(world):
    await account(world)
    secret = await world.objects.create(SECRET, "default", {"metadata": {"name": "s"}}, SYSTEM)
    ref = {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": secret["metadata"]["uid"]}
    issued = (await token(world, boundObjectRef=ref))["status"]["token"]
    assert world.authenticator.bearer(issued)
    await world.objects.delete(SECRET, "default", "s", SYSTEM)

    with pytest.raises(NotProven):
        world.authenticator.bearer(issued)
    with pytest.raises(ObjectNotFound):
        await token(world, boundObjectRef=ref)
    await world.objects.create(SECRET, "default", {"metadata": {"name": "s"}}, SYSTEM)
    with pytest.raises(ObjectConflict):
        await token(world, boundObjectRef=ref)
    with pytest.raises(ObjectInvalid):
        await token(world, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "x"})


async def test_a_dry_run_gives_no_token(world):
    await account(world)
    answer = await world.ask(
        "serviceaccounts/token", {}, namespace="default", name="pusher", dry_run=True
    )
    assert answer["status"]["token"] == ""


async def test_a_token_review_says_whom_a_token_proves(world):
    await account(world)
    issued = (await token(world, audiences=["vault", "registry"]))["status"]["token"]
    refused = await world.ask("tokenreviews", {"token": issued})
    assert refused["status"]["authenticated"] is False
    assert "audience" in refused["status"]["error"]

    spec = {"token": issued, "audiences": ["vault", "else"]}
    good = await world.ask("tokenreviews", spec)
    assert good["status"]["authenticated"] is True
    assert good["status"]["audiences"] == ["vault"]
    assert good["status"]["user"]["username"] == "system:serviceaccount:default:pusher"
    nonsense = await world.ask("tokenreviews", {"token": base64.b64encode(b"x").decode()})
    assert nonsense["status"]["authenticated"] is False


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
        await world.request("pp", subject=BOB)
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
    (endpoint,) = [
        one
        for one in virtual.resources(
            objects,
            authorizer=world.authorizer,
            authenticator=world.authenticator,
            tokens=world.tokens,
        )
        if one.kind.plural == "projectrequests"
    ]
    with pytest.raises(ObjectForbidden):
        await endpoint.create(ADA, "", "", {"metadata": {"name": "pq"}}, Options())

    left = world.cache.get(NAMESPACE.resource, "", "pq")
    assert left is None or left["metadata"]["deletionTimestamp"]


async def test_may_i_ask_for_a_project(world):
    endpoint = world.endpoints["projectrequests"]

    assert (await endpoint.list(ADA, None, ListOptions())).items == ()
    with pytest.raises(ObjectForbidden, match="you may not request a new project via this API"):
        await endpoint.list(ROBOT, None, ListOptions())


async def test_everybody_sees_their_own_projects(world):
    for name, subject in (("pa", ADA), ("pb", BOB), ("pc", ADA)):
        await world.request(name, subject)

    assert (await world.names(ADA))[0] == ["pa", "pc"]
    assert (await world.names(BOB))[0] == ["pb"]
    assert (await world.names(ANONYMOUS))[0] == []
    assert (await world.names(SYSTEM))[0] == [
        "default", "kube-system", "openshift", "pa", "pb", "pc",
    ]  # fmt: skip


async def test_projects_come_in_pages(world):
    for number in range(5):
        await world.request(f"p{number}")
        await world.request(f"q{number}", BOB)
    seen, page = await world.names(ADA, limit=2)
    assert (seen, page.remaining) == (["p0", "p1"], 3)
    while page.continue_token:
        more, page = await world.names(ADA, limit=2, continue_token=page.continue_token)
        seen += more

    assert seen == [f"p{number}" for number in range(5)]


async def test_a_project_is_changed_in_its_words_for_people_only(world):
    await world.request("pp", displayName="Shop")
    projects = world.endpoints["projects"]
    patch = {"metadata": {"annotations": {DISPLAY_NAME: "Store"}}}
    for kind in (PatchType.MERGE, PatchType.STRATEGIC):
        changed = await projects.patch(ADA, "", "pp", kind, patch, Options())
        assert changed["kind"] == "Project"
        assert changed["metadata"]["annotations"][DISPLAY_NAME] == "Store"

    for metadata in (
        {"labels": {"a": "b"}},
        {"annotations": {"openshift.io/requester": "bob"}},
        {"annotations": None},
    ):
        with pytest.raises(ObjectInvalid, match="immutable"):
            await projects.patch(ADA, "", "pp", PatchType.MERGE, {"metadata": metadata}, Options())
    stale = {**changed, "metadata": {**changed["metadata"], "resourceVersion": "1"}}
    with pytest.raises(ObjectConflict):
        await projects.update(ADA, "", "pp", stale, Options())
    document = {"metadata": {"resourceVersion": "1"}}
    with pytest.raises(ObjectConflict):
        await projects.patch(ADA, "", "pp", PatchType.MERGE, document, Options())


async def test_deleting_a_project_ends_its_namespace(world):
    await world.request("pp")
    deletion = await world.endpoints["projects"].delete(ADA, "", "pp", DeleteOptions())

    assert deletion.object["kind"] == "Project"
    assert deletion.object["status"]["phase"] == "Terminating"
    assert world.objects.get(NAMESPACE, "", "pp")["metadata"]["deletionTimestamp"]


def told(events):
    return [(event.type, event.object["metadata"].get("name", "")) for event in events]


async def test_a_watch_of_projects_follows_rights(world):
    await world.request("pa")
    await world.request("pb", BOB)
    feed = await world.endpoints["projects"].watch(ADA, None, WatchOptions())
    assert told(await feed.batch(5)) == [("ADDED", "pa")]

    await world.request("pc")
    assert told(await feed.batch(5)) == [("ADDED", "pc")]
    binding = world.objects.get(ROLE_BINDING, "pb", "admin")
    shared = [*binding["subjects"], {"kind": "User", "name": "ada"}]
    await world.objects.update(ROLE_BINDING, "pb", "admin", {**binding, "subjects": shared}, SYSTEM)
    assert told(await feed.batch(5)) == [("ADDED", "pb")]
    await world.objects.delete(ROLE_BINDING, "pb", "admin", SYSTEM)
    assert told(await feed.batch(5)) == [("DELETED", "pb")]
    assert await feed.batch(0) == ()


async def test_a_watch_goes_on_from_where_a_list_ended(world):
    await world.request("pa")
    _, page = await world.names(ADA)
    options = WatchOptions(resource_version=str(page.revision))
    feed = await world.endpoints["projects"].watch(ADA, None, options)
    waiting = asyncio.ensure_future(feed.batch(5))
    patch = {"metadata": {"annotations": {DISPLAY_NAME: "x"}}}
    await world.endpoints["projects"].patch(ADA, "", "pa", PatchType.MERGE, patch, Options())

    assert told(await waiting) == [("MODIFIED", "pa")]


async def test_a_watch_can_say_where_its_beginning_ends(world):
    await world.request("pa")
    options = WatchOptions(initial_events=True, bookmarks=True)
    feed = await world.endpoints["projects"].watch(ADA, None, options)

    assert told(await feed.batch(5)) == [("ADDED", "pa"), ("BOOKMARK", "")]
    world.cache.end_watches()
    assert await feed.batch(5) is None
