"""Objects of a dump as questions, and what would be made of them."""

from __future__ import annotations

import pytest

from wharfinger.images.offline import dump
from wharfinger.images.offline.dump import Dump, DumpTooLarge, Subject
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.resources import Resource

POD = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"image": "quay.io/a"}]}}


def subject(version: str, kind: str, spec) -> Subject:
    found = Dump("shop")
    found.add({"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}, "f")
    [one] = found.subjects
    return one


def chain(first: Subject) -> list[Subject]:
    made, now = [], dump.made(first)
    while now is not None:
        made.append(now)
        now = dump.made(now)
    return made


@pytest.mark.parametrize(
    ("version", "kind", "spec", "kinds"),
    [
        ("apps/v1", "Deployment", {"template": POD}, ["ReplicaSet", "Pod"]),
        ("extensions/v1beta1", "Deployment", {"template": POD}, ["ReplicaSet", "Pod"]),
        ("apps/v1", "StatefulSet", {"template": POD}, ["Pod"]),
        ("apps/v1", "DaemonSet", {"template": POD}, ["Pod"]),
        ("v1", "ReplicationController", {"template": POD}, ["Pod"]),
        ("batch/v1", "Job", {"template": POD}, ["Pod"]),
        ("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": POD}}}, ["Job", "Pod"]),
        (
            "apps.openshift.io/v1",
            "DeploymentConfig",
            {"template": POD},
            ["ReplicationController", "Pod"],
        ),
    ],
)
def test_a_workload_makes_pods(version, kind, spec, kinds):
    made = chain(subject(version, kind, spec))

    assert [one.kind for one in made] == kinds
    pod = made[-1].object
    assert pod["spec"] == POD["spec"]
    assert pod["metadata"]["labels"] == {"app": "web"}
    assert pod["metadata"]["ownerReferences"][0]["controller"] is True
    assert str(made[-1]) == "Pod shop/web"


def test_a_build_config_makes_builds_and_a_pod_nothing():
    strategy = {"strategy": {"dockerStrategy": {"from": {"kind": "DockerImage", "name": "x"}}}}

    [build] = chain(subject("build.openshift.io/v1", "BuildConfig", strategy))
    assert (build.resource, build.object["spec"]) == (
        Resource("build.openshift.io", "builds"),
        strategy,
    )
    assert chain(subject("v1", "Pod", {})) == []


@pytest.mark.parametrize("spec", [None, [], "text", {"template": None}, {"template": []}])
def test_what_has_no_shape_is_passed_on_to_be_refused(spec):
    assert [one.kind for one in chain(subject("apps/v1", "Deployment", spec))] == [
        "ReplicaSet",
        "Pod",
    ]


def test_lists_are_taken_apart():
    found = Dump()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "team"}}
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [pod]}
    found.add({"apiVersion": "v1", "kind": "List", "items": [inner, pod, "junk"]}, "f:1")
    found.add([pod], "f:9")
    found.add("junk", "f:10")

    assert [(one.namespace, one.source) for one in found.subjects] == [
        ("team", "f:1"),
        ("team", "f:1"),
        ("team", "f:9"),
    ]


def test_lists_in_lists_are_bounded(monkeypatch):
    document: object = {}
    for _ in range(dump.LIST_DEPTH + 1):
        document = [document]

    with pytest.raises(DumpTooLarge):
        Dump().add(document, "f")
    monkeypatch.setattr(dump, "MAX_OBJECTS", 5)
    with pytest.raises(DumpTooLarge):
        Dump().add([{}] * 5, "f")


def test_namespaces_say_which_rules_they_switch_off():
    found = Dump()
    annotations = {decision.IGNORE_RULES: "one,two"}
    found.add({"kind": "Namespace", "metadata": {"name": "a", "annotations": annotations}}, "f")
    found.add({"kind": "Pod", "metadata": {"name": "web", "namespace": "a"}}, "f")

    [pod] = found.subjects
    assert found.question(pod).ignored_rules == {"one", "two"}


@pytest.mark.parametrize("annotations", ["x", ["x"], {decision.IGNORE_RULES: ["x"]}, None])
def test_a_namespace_of_another_shape_switches_nothing_off(annotations):
    found = Dump()
    found.add({"kind": "Namespace", "metadata": {"name": "a", "annotations": annotations}}, "f")

    assert found.ignored == {"a": frozenset()}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Gateway", "gateways"),
        ("Endpoints", "endpoints"),
        ("Box", "boxes"),
        ("Policy", "policies"),
    ],
)
def test_resources_are_called_by_the_plural(kind, name):
    assert dump.plural(kind) == name
