"""What is shipped for clusters renders, is well-formed, and lets a cold cluster start."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from e2e import machine
from e2e.clients import Kubectl
from wharfinger.policy.imagepolicy import config, document

pytestmark = pytest.mark.e2e

DEPLOY = machine.ROOT / "deploy"
CHART = DEPLOY / "chart" / "wharfinger-webhook"
NAMESPACE = "admission"
ALL = (
    "--set=certificate.certManager.enabled=true",
    "--set=certificate.certManager.issuerRef.name=site",
    "--set=serviceMonitor.enabled=true",
    "--set=clientCaSecret=clients",
    "--set=pullSecrets.namespaces={a,b}",
    "--set=networkPolicy.apiServers={192.0.2.1/32}",
    "--set=inside={10.0.0.0/8}",
    "--set=webhook.exemptNamespaces={storage}",
    "--set=webhook.failurePolicy=Ignore",
)
ELSEWHERE = {
    "Certificate",
    "MutatingWebhookConfiguration",
    "NetworkPolicy",
    "ServiceMonitor",
    "ValidatingWebhookConfiguration",
}
"""Kinds that our own API does not have, so that it cannot say what is wrong with them."""

Object = dict[str, Any]


def helm(*words: str | Path) -> machine.Done:
    program = machine.TOOLS / "helm" / "helm"
    if not program.exists():
        raise machine.missing("helm")
    return machine.run(program, *words)


def rendered(*flags: str) -> list[Object]:
    return read(helm("template", "hook", CHART, "--namespace", NAMESPACE, *flags).check())


def read(text: str) -> list[Object]:
    return [found for found in YAML(typ="safe").load_all(text) if found is not None]


def of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    return [one for one in objects if one["kind"] == kind]


def test_chart_and_manifests_render_and_hold(admin: Kubectl) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART).check()
    base = read(admin("kustomize", DEPLOY / "webhook").check())
    plain, full = rendered(), rendered(*ALL)

    for objects in (base, plain, full):
        known = [one for one in objects if one["kind"] not in ELSEWHERE]
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": known})
        said = admin("apply", "--dry-run=client", "--validate=strict", "-f", "-", given=given)
        assert said.check().count("(dry run)") == len(known)
        for one in objects:
            assert "app.kubernetes.io/name" in one["metadata"]["labels"], one["kind"]
    assert {one["kind"] for one in full} > {"Certificate", "ServiceMonitor"}
    assert not of_kind(full, "Secret"), "cert-manager makes it"


def test_a_cold_cluster_can_start_and_nothing_but_what_must_is_exempt(admin: Kubectl) -> None:
    base = read(admin("kustomize", DEPLOY / "webhook").check())
    places = ((base, "wharfinger-webhook"), (rendered(), NAMESPACE))
    for objects, namespace in places:
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
            (found,) = of_kind(objects, kind)
            (hook,) = found["webhooks"]
            (rule,) = hook["namespaceSelector"]["matchExpressions"]
            assert rule["key"] == "kubernetes.io/metadata.name", "who may label cannot be exempt"
            assert set(rule["values"]) == {"kube-system", namespace}
            assert (hook["failurePolicy"], hook["sideEffects"]) == ("Fail", "None")
            assert hook["clientConfig"]["service"]["namespace"] == namespace
            judged = {name for one in hook["rules"] for name in one["resources"]}
            assert {"pods", "pods/ephemeralcontainers", "deployments", "cronjobs"} <= judged


def test_what_runs_has_no_more_rights_than_it_needs_and_a_policy_that_can_be_read() -> None:
    for objects in (rendered(), rendered(*ALL)):
        (deployment,) = of_kind(objects, "Deployment")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        (role,) = of_kind(objects, "ClusterRole")
        assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get"}
        assert "secrets" not in [name for rule in role["rules"] for name in rule["resources"]]
        (policy,) = of_kind(objects, "ConfigMap")
        (text,) = read(policy["data"]["policy.yaml"])
        config.read(document.extract(text))
    everywhere = of_kind(rendered("--set=pullSecrets.everywhere=true"), "ClusterRole")
    assert "secrets" in everywhere[0]["rules"][0]["resources"]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--set=webhook.failurePolicy=Never", "failurePolicy"),
        ("--set=surprise=1", "surprise"),
        ("--set=policy.kind=Pod", "kind"),
        ("--set=certificate.existingSecret=mine", "caBundle"),
        ("--set=certificate.certManager.enabled=true", "issuerRef"),
    ],
)
def test_values_that_make_no_sense_are_refused(flag: str, reason: str) -> None:
    done = helm("template", "hook", CHART, flag)

    assert not done.ok
    assert reason in done.err
