"""Objects and a registry in memory, with the streams between them, at a clock that tests move."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.cluster import rbac
from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.openshift.image_spec import GROUP
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.kinds.rbac import ROLE, ROLE_BINDING
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import AUTHENTICATED, SYSTEM, Subject
from wharfinger.images.endpoints import resources
from wharfinger.images.streams.stream_writes import StreamWrites
from wharfinger.images.streams.streams import Streams
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.memory import MemoryBlobStore, MemoryMetadataStore

HOST = "registry.test:5000"
CONFIG = "application/vnd.oci.image.config.v1+json"


class Interleaved:
    """A review that lets others write before each write, as a store on disk does."""

    async def review(self, *_):
        await asyncio.sleep(0)


class Dock:
    """Everything that a server wires between streams and the registry, but for the server."""

    host = HOST
    ada = Subject("ada", groups=(AUTHENTICATED,))

    def __init__(self, cache, policy):
        self.now = datetime(2027, 1, 1, tzinfo=UTC)
        self.cache, self.policy = cache, policy
        self.registry = Registry(blobs=MemoryBlobStore(), metadata=MemoryMetadataStore())
        self.authorizer = RbacAuthorizer(cache)
        lifecycle = NamespaceLifecycle(cache)
        writes = StreamWrites(cache, self.authorizer, policy, now=self.clock)
        self.objects = Objects(cache, (lifecycle, writes), now=self.clock)
        self.records = Objects(cache, (lifecycle,), (Interleaved(),), now=self.clock)
        self.streams = Streams(self.records, self.registry, policy=policy, now=self.clock)
        self.endpoints = {
            f"{one.kind.plural}/{one.subresource}".rstrip("/"): one
            for one in resources(
                self.objects, self.registry, streams=self.streams, authorizer=self.authorizer
            )
        }

    def clock(self):
        return self.now

    def tick(self, seconds=60):
        self.now += timedelta(seconds=seconds)

    async def project(self, name):
        await self.objects.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)

    async def grant(self, namespace, *verbs, resource="imagestreams/layers"):
        """Let ada do something in a namespace."""
        rules = [{"apiGroups": [GROUP], "resources": [resource], "verbs": list(verbs)}]
        role = {"metadata": {"name": "some"}, "rules": rules}
        await self.objects.create(ROLE, namespace, role, SYSTEM)
        binding = {
            "metadata": {"name": "some"},
            "roleRef": {"apiGroup": rbac.GROUP, "kind": "Role", "name": "some"},
            "subjects": [{"kind": "User", "apiGroup": rbac.GROUP, "name": self.ada.name}],
        }
        await self.objects.create(ROLE_BINDING, namespace, binding, SYSTEM)

    async def image(self, name, labels=None):
        """Put an image into a repository without a tag, untold; return its manifest."""
        repository = RepositoryName.parse(name)
        config = json.dumps({"config": {"Labels": labels or {}}, "os": "linux"}).encode()
        layer = json.dumps(["layer", labels]).encode()
        for data in (config, layer):
            await self.registry.put_blob(repository, Digest.of(data), data)
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_IMAGE,
            "config": described(CONFIG, config),
            "layers": [described("application/vnd.oci.image.layer.v1.tar", layer)],
        }
        return json.dumps(document).encode()

    async def put(self, name, tag, labels=None):
        """Put an image into the registry as a crash leaves it: untold."""
        raw = await self.image(name, labels)
        pushed = await self.registry.put_manifest(RepositoryName.parse(name), Tag(tag), raw, None)
        return pushed.digest

    async def push(self, name, tag, labels=None):
        digest = await self.put(name, tag, labels)
        await self.streams.pushed(RepositoryName.parse(name), Tag(tag), digest)
        return digest

    def stream(self, name):
        repository = RepositoryName.parse(name)
        return self.cache.get(IMAGE_STREAM.resource, repository.project, repository.rest)

    def tags(self, name):
        """The digests of each tag's history, the newest first."""
        found = (self.stream(name).get("status") or {}).get("tags") or ()
        return {one["tag"]: [event["image"] for event in one["items"]] for one in found}

    def known(self, digest):
        return self.cache.get(IMAGE.resource, "", str(digest))

    async def pulled(self, name, tag):
        """The digest that a client gets for a tag, None if it gets nothing."""
        return await self.registry.tag(RepositoryName.parse(name), Tag(tag))

    async def make_stream(self, name, subject=SYSTEM, **spec):
        repository = RepositoryName.parse(name)
        obj = {"metadata": {"name": repository.rest}, "spec": spec}
        return await self.endpoints["imagestreams"].create(
            subject, repository.project, "", obj, Options()
        )


def described(media_type, data):
    return {"mediaType": media_type, "digest": str(Digest.of(data)), "size": len(data)}


@pytest.fixture
async def open_dock():
    """Make a dock with a policy of imports."""
    opened = []

    async def make(**policy):
        cache = await Cache.open(MemoryStore())
        opened.append(cache)
        dock = Dock(cache, ImportPolicy(internal=HOST, **policy))
        for name in ("team", "other"):
            await dock.project(name)
        return dock

    yield make
    for cache in opened:
        await cache.close()


@pytest.fixture
async def dock(open_dock):
    return await open_dock()
