"""
A pod as a cluster in use has it, and a store full of them.

It has 2.5 KB with its status, and as much again in notes of who set which field.

The first is made through the API, so that what is multiplied has the form in which the server keeps it.
The others are put into the store of a server that is stopped: creating them is a figure of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from bench.object_clients import Address
from e2e import machine
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.sqlite import SqliteStore

NAMESPACE: Final = "bench"
PATH: Final = f"/api/v1/namespaces/{NAMESPACE}/pods"
PLAIN_PATH: Final = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
MERGE_PATCH: Final = "application/merge-patch+json"
PODS: Final = GroupResource("", "pods")
_TOGETHER: Final = 256
_TIME: Final = "2026-01-01T00:00:00Z"


def pod(name: str) -> dict[str, Any]:
    """What its owner would create."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {"app": "front", "tier": "web", "pod-template-hash": "5d4f8c7b9"},
            "annotations": {"site.test/checked": "sha256:" + "0123456789abcdef" * 4},
        },
        "spec": {
            "containers": [
                {
                    "name": "app",
                    "image": "registry.site.test/team/app:1.4",
                    "imagePullPolicy": "IfNotPresent",
                    "args": ["--listen", ":8080", "--settings", "/etc/settings/app.yaml"],
                    "env": [
                        {"name": "TEAM", "value": "front"},
                        {"name": "LOG_LEVEL", "value": "warning"},
                        {"name": "UPSTREAM", "value": "https://back.bench.svc:8443"},
                    ],
                    "ports": [{"containerPort": 8080, "name": "web", "protocol": "TCP"}],
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                    "resources": {
                        "limits": {"cpu": "500m", "memory": "256Mi"},
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                    },
                    "volumeMounts": [
                        {"mountPath": "/etc/settings", "name": "settings", "readOnly": True},
                        {"mountPath": "/var/scratch", "name": "scratch"},
                    ],
                }
            ],
            "nodeSelector": {"site.test/zone": "one"},
            "terminationGracePeriodSeconds": 30,
            "volumes": [
                {"name": "settings", "configMap": {"name": "front-settings", "defaultMode": 420}},
                {"name": "scratch", "emptyDir": {}},
            ],
        },
    }


def status() -> dict[str, Any]:
    """What a node would say of it."""
    types = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "hostIP": "192.0.2.10",
        "podIP": "10.8.0.17",
        "podIPs": [{"ip": "10.8.0.17"}],
        "startTime": _TIME,
        "qosClass": "Burstable",
        "conditions": [
            {"type": one, "status": "True", "lastTransitionTime": _TIME} for one in types
        ],
        "containerStatuses": [
            {
                "name": "app",
                "image": "registry.site.test/team/app:1.4",
                "imageID": "registry.site.test/team/app@sha256:" + "ab" * 32,
                "containerID": "cri-o://" + "cd" * 32,
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": _TIME}},
            }
        ],
    }


def template(address: Address) -> dict[str, Any]:
    """Make the project and one pod in it through the API; the pod as it is kept, and gone again."""
    project = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    connection = address.connect()

    def provisioned() -> bool | None:
        account = address.request("GET", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default")
        return True if connection.ask(account)[0].status == 200 else None

    def ask(status: int, method: str, path: str, body: object, form: str = "") -> dict[str, Any]:
        request = address.request(method, path, json.dumps(body).encode(), form)
        head, answer = connection.ask(request)
        head.expect(status)
        found: dict[str, Any] = json.loads(answer)
        return found

    ask(201, "POST", "/api/v1/namespaces", project)
    machine.eventually("an account for the pods", provisioned)
    ask(201, "POST", PATH, pod("template"))
    place = f"{PATH}/template"
    found = ask(200, "PATCH", f"{place}/status", {"status": status()}, MERGE_PATCH)
    ask(200, "DELETE", place, {"gracePeriodSeconds": 0})
    connection.close()
    return found


def name(number: int) -> str:
    """What the pod of this number is called in a store that was filled."""
    return f"front-5d4f8c7b9-{number:05d}"


def bodies(count: int) -> Iterator[bytes]:
    """What to create: pods of names that nobody has."""
    for _ in range(count):
        yield json.dumps(pod(f"front-{uuid.uuid4().hex[:16]}")).encode()


def plain_bodies(count: int) -> Iterator[bytes]:
    """The same as config maps: 1.5 KB that only has to be stored."""
    for _ in range(count):
        front = pod(f"front-{uuid.uuid4().hex[:16]}")
        data = {name: json.dumps(value) for name, value in front["spec"].items()}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": front["metadata"]}
        yield json.dumps({**config, "data": data}).encode()


def fill(store: Path, like: dict[str, Any], count: int) -> None:
    """Put `count` pods into the store of a server that is stopped."""
    put(store, (made(PODS, like, NAMESPACE, name(number)) for number in range(count)))


def made(
    resource: GroupResource, like: dict[str, Any], namespace: str, name: str, *, uid: str = ""
) -> Write:
    """Another object like one that the API has shown, for the store; "" is the namespace of none."""
    place = {"namespace": namespace} if namespace else {}
    metadata = {**like["metadata"], **place, "name": name, "uid": uid or str(uuid.uuid4())}
    del metadata["resourceVersion"]
    value = json.dumps({**like, "metadata": metadata}, separators=(",", ":")).encode()
    return Write(Key(resource, namespace, name), value, 0)


def put(store: Path, writes: Iterable[Write]) -> None:
    """Write into the store of a server that is stopped."""
    asyncio.run(_put(store, iter(writes)))


async def _put(path: Path, writes: Iterator[Write]) -> None:
    store = SqliteStore(path)
    while together := tuple(itertools.islice(writes, _TOGETHER)):
        await asyncio.gather(*(store.commit(write) for write in together))
    await store.close()
