"""Policies, objects and questions for decisions on images, made in a line."""

from __future__ import annotations

from typing import Any

from wharfinger.policy.imagepolicy import config
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import Question

REGISTRY = "registry.example.test:5000"
DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64
PEM = "-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----\n"

KINDS = {
    "pods": ("", "Pod"),
    "deployments": ("apps", "Deployment"),
    "replicasets": ("apps", "ReplicaSet"),
    "statefulsets": ("apps", "StatefulSet"),
    "jobs": ("batch", "Job"),
    "cronjobs": ("batch", "CronJob"),
    "builds": ("build.openshift.io", "Build"),
    "buildconfigs": ("build.openshift.io", "BuildConfig"),
}


def policy(version: str = "image.openshift.io/v1", **fields: Any) -> Policy:
    return config.read({"apiVersion": version, "kind": config.KIND, **fields})


def own(**fields: Any) -> Policy:
    """A policy in our own form, which asks no other registry unless that is said."""
    return policy("wharfinger.dev/v1", **({"remoteResolution": False} | fields))


def rule(name: str, *resources: str, **fields: Any) -> dict[str, Any]:
    on = [{"group": KINDS[one][0], "resource": one} for one in resources]
    return {"name": name, **({"onResources": on} if on else {}), **fields}


def containers(*images: Any) -> list[dict[str, Any]]:
    return [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]


def pod(*images: Any, **metadata: Any) -> dict[str, Any]:
    spec = {"containers": containers(*images)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", **metadata},
        "spec": spec,
    }


def workload(kind: str, *images: Any, **metadata: Any) -> dict[str, Any]:
    template = {"metadata": {}, "spec": {"containers": containers(*images)}}
    return {"kind": kind, "metadata": {"name": "web", **metadata}, "spec": {"template": template}}


def build(kind: str, name: str, **reference: Any) -> dict[str, Any]:
    found = {"kind": kind, "name": name, **reference}
    strategy = {"dockerStrategy": {"from": found}}
    return {"kind": "Build", "metadata": {"name": "web"}, "spec": {"strategy": strategy}}


def question(obj: Any, resource: str = "pods", **fields: Any) -> Question:
    group, kind = KINDS.get(resource, ("", "Thing"))
    asked = {"operation": "CREATE", "group": group, "resource": resource, "kind": kind}
    return Question(**(asked | {"namespace": "demo", "name": "web", "object": obj} | fields))


def stream_tag(
    name: str, reference: str, digest: str = DIGEST, *, local: bool = False, namespace: str = "demo"
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": namespace, "name": name},
        "lookupPolicy": {"local": local},
        "image": {"metadata": {"name": digest}, "dockerImageReference": reference},
    }


def stream(name: str, repository: str, *, local: bool = True) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "demo", "name": name},
        "spec": {"lookupPolicy": {"local": local}},
        "status": {"dockerImageRepository": repository},
    }


def known(digest: str, reference: str, **metadata: Any) -> dict[str, Any]:
    """An `Image` object."""
    return {"metadata": {"name": digest, **metadata}, "dockerImageReference": reference}
