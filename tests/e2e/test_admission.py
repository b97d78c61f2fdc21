"""Image policy in our own API, as `kubectl` and what was pushed meet it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e import clients, machine
from e2e.clients import Kubectl, Skopeo
from e2e.images import OCI_CONFIG, OCI_MANIFEST
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

PROJECT = "quay"
POLICY = """
kubernetesMasterConfig: {}
admissionConfig:
  pluginConfig:
    openshift.io/ImagePolicy:
      configuration:
        apiVersion: v1
        kind: ImagePolicyConfig
        resolveImages: AttemptRewrite
        executionRules:
        - name: execution-denied
          onResources: [{resource: pods}, {resource: builds}]
          reject: true
          matchImageAnnotations:
          - {key: images.openshift.io/deny-execution, value: "true"}
          skipOnResolutionFailure: true
        - name: allow-images-from-internal-registry
          onResources: [{resource: pods}, {resource: builds}]
          matchIntegratedRegistry: true
        - name: allow-images-from-dockerhub
          onResources: [{resource: pods}, {resource: builds}]
          matchRegistries: [docker.io]
        - name: allow-images-from-other-registries
          onResources: [{resource: pods}, {resource: builds}]
          matchRegistries: ["registry.site.test:5000", registry.access.redhat.com]
"""
LABELS = """
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
resolveImages: Attempt
remoteResolution: false
executionRules:
- name: approved
  matchDockerImageLabels:
  - {key: test.site/approved, value: "yes"}
- name: scanned
  matchImageAnnotations:
  - {key: test.site/scanned, set: true}
"""
REFUSED = "this image is prohibited by policy"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Wharf]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    made = Wharf(tmp_path / "state", flags=("--image-policy", str(policy)))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def kubectl(server: Wharf, tmp_path: Path) -> Kubectl:
    return clients.kubectl(clients.KUBECTLS[0], server, tmp_path / "kubectl")


def pods(*images: str, prefix: str = "p") -> str:
    items = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{prefix}{number}", "namespace": PROJECT},
            "spec": {"containers": [{"name": "app", "image": image}]},
        }
        for number, image in enumerate(images)
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def push(server: Wharf, folder: Path, name: str, labels: dict[str, str]) -> str:
    """Push an image whose config has labels; return its digest."""
    folder.mkdir()
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [],
    }
    blob = json.dumps(config).encode()
    digest = hashlib.sha256(blob).hexdigest()
    (folder / digest).write_bytes(blob)
    about = {"mediaType": OCI_CONFIG, "digest": f"sha256:{digest}", "size": len(blob)}
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": about,
        "layers": [],
    }
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    skopeo = Skopeo(folder.parent, server, server.admin_token())
    skopeo.copy(f"dir:{folder}", f"docker://{server.host}/{PROJECT}/{name}").check()
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_policy_of_the_guide_decides_what_runs(
    server: Wharf, kubectl: Kubectl, tmp_path: Path
) -> None:
    kubectl("create", "namespace", PROJECT).check()
    digest = push(server, tmp_path / "app", "app:1", {"test.site/approved": "yes"})
    other = push(server, tmp_path / "other", "other:1", {"test.site/approved": "no"})
    exact = f"{server.host}/{PROJECT}/app@{digest}"

    good = (
        f"{server.host}/{PROJECT}/app:1",
        "docker.io/library/nginx:1",
        "registry.site.test:5000/team/app:1",
        "registry.access.redhat.com/ubi9/ubi:latest",
    )
    bad = (
        "quay.io/team/app:1",
        "docker.io.evil.test/nginx:1",
        "registry.site.test/team/app:1",
        "evil.test/docker.io/nginx:1",
    )
    machine.eventually(
        "the account of the project",
        lambda: True if kubectl("-n", PROJECT, "get", "serviceaccount", "default").ok else None,
    )
    kubectl("create", "-f", "-", given=pods(*good)).check()
    refused = kubectl("create", "-f", "-", given=pods(*bad, prefix="bad"))
    rehearsed = kubectl("create", "--dry-run=server", "-f", "-", given=pods(*bad, prefix="bad"))
    shown = kubectl("-n", PROJECT, "get", "pods", "-o", "json").check()

    assert not refused.ok
    assert refused.err.count(REFUSED) == len(bad)
    assert refused.err.count("spec.containers[0].image: Forbidden") == len(bad)
    assert rehearsed.err == refused.err
    found = [item["spec"]["containers"][0]["image"] for item in json.loads(shown)["items"]]
    assert found == [exact, *good[1:]]

    deny = "images.openshift.io/deny-execution=true"
    kubectl("annotate", f"images.image.openshift.io/{digest}", deny).check()
    denied = kubectl("create", "-f", "-", given=pods(good[0], exact, prefix="denied"))
    assert denied.err.count(REFUSED) == 2
    words = ("-n", PROJECT, "create", "deployment", "web", f"--image={good[0]}")
    kubectl(*words).check()
    path = '{.items[*].status.conditions[?(@.reason=="FailedCreate")].message}'
    shown_why = ("-n", PROJECT, "get", "replicasets", "-o", f"jsonpath={path}")
    machine.eventually(
        "what the owner says of its pod",
        lambda: True if REFUSED in kubectl(*shown_why).check() else None,
    )
    kubectl("create", "-f", "-", given=pods(f"{server.host}/{PROJECT}/other:1", prefix="b")).check()

    (tmp_path / "policy.yaml").write_text(LABELS)
    tag, untagged = f"{server.host}/{PROJECT}/app:1", f"{server.host}/{PROJECT}/other:1"
    machine.eventually(
        "the rules on labels",
        lambda: (
            True
            if not kubectl(
                "create", "--dry-run=server", "-f", "-", given=pods(untagged, prefix="x")
            ).ok
            else None
        ),
    )
    kubectl("create", "-f", "-", given=pods(tag, prefix="labelled")).check()
    kubectl("annotate", f"images.image.openshift.io/{other}", "test.site/scanned=today").check()
    kubectl("create", "-f", "-", given=pods(untagged, prefix="scanned")).check()
    assert not kubectl("create", "-f", "-", given=pods("docker.io/nginx", prefix="n")).ok
    ignore = "alpha.image.policy.openshift.io/ignore-rules=approved,scanned"
    kubectl("annotate", "namespace", PROJECT, ignore).check()
    assert not kubectl("create", "-f", "-", given=pods("docker.io/nginx", prefix="n")).ok
    assert "Traceback" not in server.log.read_text()
