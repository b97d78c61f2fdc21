"""A cluster in memory with all that belongs to it, at a clock that tests move."""

import pytest

from wharfinger.cluster import bootstrap, pull_secrets, virtual
from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.authenticate import Authenticator
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.escalation import EscalationCheck
from wharfinger.cluster.kinds.core import NAMESPACE, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import ListOptions, Options
from wharfinger.cluster.passwords import Passwords
from wharfinger.cluster.provision import Provisioner
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.sessions import Sessions
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import AUTHENTICATED, OAUTH, SYSTEM, Subject
from wharfinger.cluster.tokens import SigningKey, Tokens

KEY = SigningKey.generate()


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


def named(endpoint):
    """The plural, with its subresource or, where Kubernetes has the same, with its group."""
    kind = endpoint.kind
    plural = str(kind.resource) if kind.group == "authorization.openshift.io" else kind.plural
    return f"{plural}/{endpoint.subresource}".rstrip("/")


class World:
    """Everything that a server wires, but for the server."""

    hosts = ("127.0.0.1:5000", "registry.test:443")
    ada = Subject("ada", groups=(OAUTH, AUTHENTICATED))
    bob = Subject("bob", groups=(OAUTH, AUTHENTICATED))

    def __init__(self, cache):
        self.cache, self.clock = cache, Clock()
        self.authorizer = RbacAuthorizer(cache)
        admissions = [NamespaceLifecycle(cache), EscalationCheck(self.authorizer)]
        self.objects = Objects(cache, admissions)
        self.tokens = Tokens(KEY, clock=self.clock)
        self.authenticator = Authenticator(
            cache,
            tokens=self.tokens,
            sessions=Sessions(cache, clock=self.clock),
            passwords=Passwords(clock=self.clock),
        )
        self.deleted = []
        self.provisioner = self.start()
        self.endpoints = self.endpoints_over(self.objects)

    def start(self, hosts=hosts):
        """Begin what fills and empties projects anew."""
        return Provisioner(
            self.objects,
            tokens=self.tokens,
            hosts=hosts,
            on_project_deleted=self.on_deleted,
            authority="CERTIFICATE",
            clock=self.clock,
        )

    async def on_deleted(self, project):
        self.deleted.append(project)

    def endpoints_over(self, objects):
        found = virtual.resources(
            objects,
            authorizer=self.authorizer,
            authenticator=self.authenticator,
            tokens=self.tokens,
        )
        return {named(one): one for one in found}

    async def project(self, name="p"):
        """Make a namespace, and fill it."""
        await self.objects.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)
        await self.provisioner.settle()

    async def make(self, kind, name, namespace="p", **fields):
        metadata = fields.pop("metadata", {}) | {"name": name}
        return await self.objects.create(kind, namespace, {"metadata": metadata, **fields}, SYSTEM)

    def names(self, kind, namespace="p"):
        return [one["metadata"]["name"] for one in self.cache.list(kind.resource, namespace)]

    def account(self, name, namespace="p"):
        return self.objects.get(SERVICE_ACCOUNT, namespace, name)

    def pull_secret(self, account):
        name = account["metadata"]["annotations"][pull_secrets.REFERENCE]
        return self.objects.get(SECRET, account["metadata"]["namespace"], name)

    async def ask(self, plural, spec=None, *, subject=ada, namespace="", name="", **options):
        """Create an object of a computed kind."""
        obj = {"spec": spec} if spec is not None else {}
        endpoint = self.endpoints[plural]
        return await endpoint.create(subject, namespace, name, obj, Options(**options))

    async def request(self, name, subject=ada, **fields):
        """Ask for a project."""
        obj = {"metadata": {"name": name}, **fields}
        return await self.endpoints["projectrequests"].create(subject, "", "", obj, Options())

    async def seen(self, subject, **options):
        """The names of the projects that a subject sees, and the page that told them."""
        page = await self.endpoints["projects"].list(subject, None, ListOptions(**options))
        return [one["metadata"]["name"] for one in page.items], page


@pytest.fixture
def make_world():
    """Open a world over a store."""

    async def make(store):
        return World(await Cache.open(store))

    return make


@pytest.fixture
async def world(make_world):
    """A world after its first start."""
    world = await make_world(MemoryStore())
    await bootstrap.bootstrap(world.objects)
    await world.provisioner.settle()
    return world
