"""Stock kubectl, new and old, does with every kind of this house what its users do with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e import clients, machine
from e2e.clients import Kubectl
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True)
class Sample:
    """An object of one kind, as a user writes it; "@" stands for the namespace it goes to."""

    resource: str
    body: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def shown(self) -> str:
        """What a line of `kubectl get` says of it; the lines of events do not have their names."""
        return str(self.body.get("reason", self.name))


def sample(resource: str, kind: str, api: str = "v1", **rest: Any) -> Sample:
    name = f"sample-{resource.partition('.')[0]}"
    body = {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **rest}
    return Sample(resource, body)


RBAC = "rbac.authorization.k8s.io/v1"
RULES = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
SUBJECTS = [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "sailors"}]


def role_ref(kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


SAMPLES = (
    sample("namespaces", "Namespace"),
    sample("serviceaccounts", "ServiceAccount"),
    sample("secrets", "Secret", type="Opaque", data={"key": "dmFsdWU="}),
    sample("configmaps", "ConfigMap", data={"key": "value"}),
    sample(
        "events",
        "Event",
        involvedObject={"kind": "ConfigMap", "name": "sample", "namespace": "@"},
        reason="Landed",
        message="a case was landed",
        type="Normal",
    ),
    sample("roles", "Role", RBAC, rules=RULES),
    sample(
        "rolebindings",
        "RoleBinding",
        RBAC,
        subjects=SUBJECTS,
        roleRef=role_ref("ClusterRole", "view"),
    ),
    sample("clusterroles", "ClusterRole", RBAC, rules=RULES),
    sample(
        "clusterrolebindings",
        "ClusterRoleBinding",
        RBAC,
        subjects=SUBJECTS,
        roleRef=role_ref("ClusterRole", "view"),
    ),
)


@pytest.fixture
def namespace(kubectl: Kubectl, project: str) -> str:
    kubectl("create", "namespace", project).check()
    return project


@pytest.mark.parametrize("each", SAMPLES, ids=lambda each: each.resource)
def test_apply_watch_patch_describe_and_delete(
    kubectl: Kubectl, namespace: str, each: Sample
) -> None:
    text = json.dumps(each.body).replace('"@"', json.dumps(namespace))
    scope = ("-n", namespace)
    target = (each.resource, each.name)

    with kubectl.watching(*scope, each.resource) as lines:
        applied = kubectl(*scope, "apply", "-f", "-", given=text).check()
        assert "created" in applied
        await_event(lines, "ADDED", each.shown)
        body = json.loads(text)
        body["metadata"]["labels"] = {"berth": "one"}
        assert "configured" in kubectl(*scope, "apply", "-f", "-", given=json.dumps(body)).check()
        assert "unchanged" in kubectl(*scope, "apply", "-f", "-", given=json.dumps(body)).check()
        for kind, patch in PATCHES.items():
            kubectl(*scope, "patch", *target, f"--type={kind}", "-p", patch).check()
        await_event(lines, "MODIFIED", each.shown)
        assert labels(kubectl, scope, target) == {"berth": "two", "tide": "high", "cargo": "tea"}
        assert each.name in kubectl(*scope, "describe", *target).check()
        kubectl(*scope, "label", *target, "tide-").check()
        kubectl(*scope, "annotate", *target, "note=seen").check()
        assert each.shown in kubectl(*scope, "get", each.resource, "-l", "berth=two").check()
        assert each.name in kubectl(*scope, "get", *target, "-o", "yaml").check()
        kubectl(*scope, "delete", *target, "--timeout=30s").check()
        await_event(lines, "DELETED", each.shown)

    gone = kubectl(*scope, "get", *target)
    assert not gone.ok
    assert "NotFound" in gone.err


PATCHES = {
    "strategic": '{"metadata": {"labels": {"berth": "two"}}}',
    "merge": '{"metadata": {"labels": {"tide": "high"}}}',
    "json": '[{"op": "add", "path": "/metadata/labels/cargo", "value": "tea"}]',
}


def test_projects_are_requested_watched_patched_and_deleted(kubectl: Kubectl, project: str) -> None:
    request = {
        "apiVersion": "project.openshift.io/v1",
        "kind": "ProjectRequest",
        "metadata": {"name": project},
        "displayName": "A harbour",
    }
    with kubectl.watching("projects") as lines:
        kubectl("create", "-f", "-", given=json.dumps(request)).check()
        await_event(lines, "ADDED", project)
        # As in OpenShift, a project's names can be changed, and all else at its namespace.
        renamed = '{"metadata": {"annotations": {"openshift.io/display-name": "A port"}}}'
        kubectl("patch", "project", project, "--type=merge", "-p", renamed).check()
        await_event(lines, "MODIFIED", project)
        assert "A port" in kubectl("describe", "project", project).check()
        assert "Active" in kubectl("get", "project", project).check()
        accounts = kubectl("-n", project, "get", "serviceaccounts", "-o", "name").check().split()
        assert {f"serviceaccount/{name}" for name in ("builder", "default", "deployer")} <= set(
            accounts
        )
        kubectl("delete", "project", project, "--timeout=30s").check()
        await_event(lines, "DELETED", project)
    assert not kubectl("get", "namespace", project).ok


def test_auth_can_i_answers_for_oneself_and_for_others(
    kubectl: Kubectl, wharf: Wharf, namespace: str, tmp_path: Path
) -> None:
    kubectl("-n", namespace, "create", "serviceaccount", "mate").check()
    mate = f"--serviceaccount={namespace}:mate"
    kubectl("-n", namespace, "create", "rolebinding", "mate", "--clusterrole=view", mate).check()
    token = kubectl.token(namespace, "mate")
    config = clients.with_token(wharf.kubeconfig, token, tmp_path / "mate.kubeconfig")
    own = Kubectl(kubectl.program, config, tmp_path / "mate")

    def may(*words: str) -> bool:
        return own("-n", namespace, "auth", "can-i", *words).out.strip() == "yes"

    assert may("get", "configmaps")
    assert may("get", "imagestreams/layers")
    assert not may("create", "configmaps")
    assert not may("get", "secrets")
    assert not may("get", "configmaps", "--all-namespaces")
    assert "configmaps" in own("-n", namespace, "auth", "can-i", "--list").check()
    as_mate = f"--as=system:serviceaccount:{namespace}:mate"
    answer = kubectl("-n", namespace, "auth", "can-i", "delete", "secrets", as_mate)
    assert answer.out.strip() == "no"


REVIEWS = {
    "SubjectAccessReview": ({"user": "nobody"}, '"allowed": false'),
    "SelfSubjectAccessReview": ({}, '"allowed": true'),
    "LocalSubjectAccessReview": ({"user": "nobody"}, '"allowed": false'),
}


@pytest.mark.parametrize("kind", REVIEWS)
def test_access_reviews_are_created_and_answered(
    kubectl: Kubectl, namespace: str, kind: str
) -> None:
    subject, expected = REVIEWS[kind]
    attributes = {"namespace": namespace, "verb": "get", "resource": "secrets"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"namespace": namespace} if kind.startswith("Local") else {},
        "spec": {**subject, "resourceAttributes": attributes},
    }

    command = ("-n", namespace, "create", "-f", "-", "-o", "json")
    assert expected in kubectl(*command, given=json.dumps(review)).check()


def test_a_token_is_reviewed_and_its_holder_told_who_it_is(
    kubectl: Kubectl, admin: Kubectl, wharf: Wharf, namespace: str, tmp_path: Path
) -> None:
    kubectl("-n", namespace, "create", "serviceaccount", "mate").check()
    token = kubectl.token(namespace, "mate")
    name = f"system:serviceaccount:{namespace}:mate"
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token},
    }

    command = ("create", "-f", "-", "-o", "json")
    reviewed = json.loads(kubectl(*command, given=json.dumps(review)).check())

    assert reviewed["status"]["authenticated"] is True
    assert reviewed["status"]["user"]["username"] == name
    config = clients.with_token(wharf.kubeconfig, token, tmp_path / "mate.kubeconfig")
    own = Kubectl(admin.program, config, tmp_path / "mate")
    assert name in own("auth", "whoami").check()


def test_mistakes_are_named_before_they_are_stored(kubectl: Kubectl, namespace: str) -> None:
    bad = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "sample"},
        "dota": {"key": "value"},
    }

    refused = kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(bad))

    assert not refused.ok
    assert "dota" in refused.err
    assert not kubectl("-n", namespace, "get", "configmap", "sample").ok


def test_explain_api_resources_and_version_know_the_server(kubectl: Kubectl) -> None:
    resources = kubectl("api-resources", "--no-headers").check()
    for each in SAMPLES:
        assert each.resource in resources
    assert "project.openshift.io" in resources
    assert "rules" in kubectl("explain", "role").check()
    assert "Server Version" in kubectl("version").check()


def await_event(lines: Path, event: str, name: str) -> None:
    """Wait until the watch has shown an event of the object."""

    def seen() -> bool | None:
        shown = lines.read_text().splitlines()
        return any(line.startswith(event) and name in line.split() for line in shown) or None

    machine.eventually(lambda: f"{event} {name} in:\n{lines.read_text()}", seen)


def labels(kubectl: Kubectl, scope: tuple[str, ...], target: tuple[str, str]) -> dict[str, str]:
    found = json.loads(kubectl(*scope, "get", *target, "-o", "json").check())
    return {
        name: value
        for name, value in found["metadata"]["labels"].items()
        if name in ("berth", "tide", "cargo")
    }
