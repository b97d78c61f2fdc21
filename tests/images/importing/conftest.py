"""A dock with other registries in memory, and imports from them."""

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from made_registries import MemorySources, Repository
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.importing.background import Background
from wharfinger.images.importing.endpoint import StreamImports
from wharfinger.images.importing.importer import Importer
from wharfinger.images.importing.trust import Bundle, Bundles


class Harbour:
    """`hub.test/up/app` is the repository `upstream`; `bundles` are the certificates that counted."""

    def __init__(self, dock):
        self.dock = dock
        self.upstream = Repository()
        self.sources = MemorySources()
        self.sources.repositories["hub.test/up/app"] = self.upstream
        self.bundles, self.seconds = [], 0.0
        self.restart()

    def restart(self, **policy):
        """Begin anew, perhaps under another policy."""
        dock = self.dock
        changed = replace(dock.policy, **policy)
        self.importer = Importer(
            dock.cache,
            dock.streams,
            policy=changed,
            bundles=Bundles(dock.cache, Bundle()),
            opening=self.opened,
            now=dock.clock,
        )
        self.endpoint = StreamImports(dock.objects, self.importer, dock.authorizer)
        self.background = Background(dock.cache, self.importer, changed, clock=lambda: self.seconds)

    @asynccontextmanager
    async def opened(self, bundle):
        self.bundles.append(bundle)
        yield self.sources

    async def post(self, spec, name="app", *, subject=SYSTEM, options=None, **metadata):
        obj = {"metadata": {"name": name, **metadata}, "spec": spec}
        return await self.endpoint.create(subject, "team", "", obj, options or Options())

    async def take(self, *images, stores=True, **spec):
        """Import, and return the status."""
        entries = [one if isinstance(one, dict) else entry(one) for one in images]
        answer = await self.post({"import": stores, "images": entries, **spec})
        return answer["status"]

    def tick(self, seconds=900):
        self.seconds += seconds
        self.dock.tick(seconds)

    @property
    def stream(self):
        return self.dock.stream("team/app")

    @property
    def asked(self):
        return sum(self.sources.asked.values())


def entry(name, to=None, **more):
    target = {"to": {"name": to}} if to else {}
    return {"from": {"kind": "DockerImage", "name": name}, **target, **more}


@pytest.fixture
def harbour(dock):
    return Harbour(dock)


@pytest.fixture
def wanted():
    return entry


@pytest.fixture
def open_harbour(open_dock):
    async def make(**policy):
        return Harbour(await open_dock(**policy))

    return make
