"""A webhook without sockets: its app over a policy file, registries in memory and a made cluster."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from images.fake_registries import FakeRegistries
from wharfinger.cluster import json_patch
from wharfinger.images.lookup.cluster_view import ClusterView
from wharfinger.images.lookup.remote_images import RemoteImages
from wharfinger.server.drain import Drain
from wharfinger.server.logging import AccessLog
from wharfinger.server.metrics import Metrics
from wharfinger.server.policy_file import PolicyFile
from wharfinger.server.tasks import Tasks
from wharfinger.server.webhook import app
from wharfinger.server.webhook.judge import Judge
from wharfinger.server.webhook.metrics import WebhookMetrics
from wharfinger.server.webhook.reviews import Reviews
from wharfinger.server.webhook.world import KnownCluster

REVIEWS = Path(__file__).parent / "reviews"


class MadeCluster:
    """`objects` by resource, namespace and name."""

    def __init__(self):
        self.objects, self.error = {}, None

    async def get(self, group, version, resource, namespace, name):
        if self.error is not None:
            raise self.error
        return self.objects.get((resource, namespace, name))

    async def serves(self, group, version):
        return group == "image.openshift.io" and "images" in {key[0] for key in self.objects}


class Kept(list):
    """An audit log that stays in memory."""

    write = list.append


class Webhook:
    def __init__(self, path, call):
        self._path, self._call = path, call
        self.registries, self.cluster, self.metrics = FakeRegistries(), MadeCluster(), Metrics()
        self.counts, self.audit = WebhookMetrics(self.metrics.registry), Kept()
        self.registry = ""

    def policy(self, text):
        self._path.write_text(text)
        return self

    def app(self, **options):
        self.file = PolicyFile(self._path, self.metrics)
        images = RemoteImages(self.registries, count=self.counts.resolved)
        judge = Judge(
            self.file,
            KnownCluster(images, ClusterView(self.cluster)),
            registry=self.registry,
            unread=self.counts.namespaces_unread.inc,
        )
        reviews = Reviews(judge, self.counts, audit=self.audit, **options)
        health = app.health_of(self.file, None, Tasks(self.metrics), lambda: False)
        log = AccessLog(io.StringIO())
        return app.reviews_app(reviews, health, self.metrics, drain=Drain(), log=log)

    async def post(self, path, body, *, headers=None, app=None):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            **(headers or {}),
        }
        return await self._call(app or self.app(), "POST", path, headers=given, body=content)

    async def ask(self, path, body, **options):
        answer = await self.post(path, body, **options)
        assert answer.status == 200, answer.text
        return answer.json()["response"]

    def counted(self, name, **labels):
        return self.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def webhook(tmp_path, call):
    return Webhook(tmp_path / "policy.yaml", call)


def review(obj, *, operation="CREATE", old=None, resource="pods", group="", **request):
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "u-1",
            "kind": {"group": group, "version": "v1", "kind": obj["kind"]},
            "resource": {"group": group, "version": "v1", "resource": resource},
            "operation": operation,
            "name": "web",
            "namespace": "demo",
            "userInfo": {"username": "ada"},
            "object": obj,
            "oldObject": old,
            **request,
        },
    }


def pod(*images, **spec):
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "web"},
        "spec": {"containers": containers, **spec},
    }


def patched(obj, response):
    """The object as the API server makes it of a patch."""
    assert response["patchType"] == "JSONPatch"
    return json_patch.json_patch(obj, json.loads(base64.b64decode(response["patch"])))


@pytest.fixture
def made():
    return SimpleNamespace(review=review, pod=pod, patched=patched)
