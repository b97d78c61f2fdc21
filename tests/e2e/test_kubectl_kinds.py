"""
Stock kubectl, new and old, does with every kind what its users do with it.

A start of kubectl costs more than what it asks for, so one call goes through all kinds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from e2e import clients, machine, manifests
from e2e.clients import Kubectl
from e2e.machine import Done
from e2e.manifests import LABEL, Manifest
from e2e.wharf import Wharf
from wharfinger.cluster import kinds, outside
from wharfinger.cluster.kind import Object

pytestmark = pytest.mark.e2e

RBAC = "rbac.authorization.k8s.io"
OLD_RIGHTS = "authorization.openshift.io"
IMAGES = "image.openshift.io"

TABLES: Mapping[str, tuple[str, str]] = {
    "configmap": ("NAME DATA AGE", ""),
    "event": (
        "LAST SEEN TYPE REASON OBJECT MESSAGE",
        "LAST SEEN TYPE REASON OBJECT SUBOBJECT SOURCE MESSAGE FIRST SEEN COUNT NAME",
    ),
    "namespace": ("NAME STATUS AGE", ""),
    "node": (
        "NAME STATUS ROLES AGE VERSION",
        "INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME",
    ),
    "pod": ("NAME READY STATUS RESTARTS AGE", "IP NODE NOMINATED NODE READINESS GATES"),
    "replicationcontroller": ("NAME DESIRED CURRENT READY AGE", "CONTAINERS IMAGES SELECTOR"),
    "secret": ("NAME TYPE DATA AGE", ""),
    "serviceaccount": ("NAME SECRETS AGE", ""),
    f"clusterrole.{RBAC}": ("NAME CREATED AT", ""),
    f"clusterrolebinding.{RBAC}": ("NAME ROLE AGE", "USERS GROUPS SERVICEACCOUNTS"),
    f"role.{RBAC}": ("NAME CREATED AT", ""),
    f"rolebinding.{RBAC}": ("NAME ROLE AGE", "USERS GROUPS SERVICEACCOUNTS"),
    "daemonset.apps": (
        "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE",
        "CONTAINERS IMAGES SELECTOR",
    ),
    "deployment.apps": ("NAME READY UP-TO-DATE AVAILABLE AGE", "CONTAINERS IMAGES SELECTOR"),
    "replicaset.apps": ("NAME DESIRED CURRENT READY AGE", "CONTAINERS IMAGES SELECTOR"),
    "statefulset.apps": ("NAME READY AGE", "CONTAINERS IMAGES"),
    "cronjob.batch": (
        "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE",
        "CONTAINERS IMAGES SELECTOR",
    ),
    "job.batch": ("NAME STATUS COMPLETIONS DURATION AGE", "CONTAINERS IMAGES SELECTOR"),
    "lease.coordination.k8s.io": ("NAME HOLDER AGE", ""),
    "poddisruptionbudget.policy": (
        "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE",
        "",
    ),
    "deploymentconfig.apps.openshift.io": ("NAME REVISION DESIRED CURRENT TRIGGERED BY", ""),
    "build.build.openshift.io": ("NAME TYPE FROM STATUS STARTED", ""),
    "buildconfig.build.openshift.io": ("NAME TYPE FROM LATEST", ""),
    "image.image.openshift.io": ("NAME IMAGE REFERENCE", ""),
    "imagestream.image.openshift.io": ("NAME IMAGE REPOSITORY TAGS UPDATED", ""),
    "group.user.openshift.io": ("NAME USERS", ""),
    "identity.user.openshift.io": ("NAME IDP NAME IDP USER NAME USER NAME", ""),
    "user.user.openshift.io": ("NAME CREATED AT FULL NAME IDENTITIES", ""),
}
"""The heads of the tables as scripts know them; what `-o wide` adds at the end, or has instead."""

QUESTIONS: Mapping[str, tuple[Mapping[str, Any], tuple[str, Any]]] = {
    "authentication.k8s.io/SelfSubjectReview": (
        {},
        ("status.userInfo.username", "system:admin"),
    ),
    "authentication.k8s.io/TokenReview": (
        {"spec": {"token": "guessed"}},
        ("status.user", {}),
    ),
    "authorization.k8s.io/LocalSubjectAccessReview": (
        {"spec": {"user": "nobody", "resourceAttributes": {"namespace": "@", "verb": "get"}}},
        ("status.allowed", False),
    ),
    "authorization.k8s.io/SelfSubjectAccessReview": (
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}},
        ("status.allowed", True),
    ),
    "authorization.k8s.io/SelfSubjectRulesReview": (
        {"spec": {"namespace": "@"}},
        ("status.incomplete", False),
    ),
    "authorization.k8s.io/SubjectAccessReview": (
        {"spec": {"user": "nobody", "resourceAttributes": {"verb": "get", "resource": "pods"}}},
        ("status.allowed", False),
    ),
    f"{OLD_RIGHTS}/LocalResourceAccessReview": (
        {"verb": "get", "resource": "pods"},
        ("namespace", "@"),
    ),
    f"{OLD_RIGHTS}/LocalSubjectAccessReview": (
        {"verb": "get", "resource": "pods", "user": "nobody"},
        ("allowed", False),
    ),
    f"{OLD_RIGHTS}/ResourceAccessReview": (
        {"verb": "get", "resource": "pods"},
        ("kind", "ResourceAccessReviewResponse"),
    ),
    f"{OLD_RIGHTS}/SelfSubjectRulesReview": ({"spec": {}}, ("kind", "SelfSubjectRulesReview")),
    f"{OLD_RIGHTS}/SubjectAccessReview": (
        {"verb": "get", "resource": "pods"},
        ("allowed", True),
    ),
    f"{OLD_RIGHTS}/SubjectRulesReview": (
        {"spec": {"user": "nobody"}},
        ("kind", "SubjectRulesReview"),
    ),
}
"""What is asked by creating it: the question, and a part of the answer."""

ELSEWHERE = {
    ("project.openshift.io", "Project"): "e2e/test_kubectl",
    ("project.openshift.io", "ProjectRequest"): "e2e/test_kubectl",
    ("authentication.k8s.io", "TokenRequest"): "e2e/test_kubectl",
    ("", "Binding"): "cluster/workloads/test_binding",
    ("policy", "Eviction"): "cluster/workloads/test_eviction",
    ("autoscaling", "Scale"): "cluster/test_scales",
    ("", "LimitRange"): "cluster/test_absent",
    ("", "ResourceQuota"): "cluster/test_absent",
    ("", "Service"): "cluster/test_absent",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "cluster/test_absent",
    ("oauth.openshift.io", "OAuthAccessToken"): "cluster/openshift/test_access_tokens",
    ("oauth.openshift.io", "UserOAuthAccessToken"): "cluster/openshift/test_access_tokens",
    (OLD_RIGHTS, "ClusterRole"): "e2e/test_kubectl_kinds",
    (OLD_RIGHTS, "ClusterRoleBinding"): "e2e/test_kubectl_kinds",
    (OLD_RIGHTS, "Role"): "e2e/test_kubectl_kinds",
    (OLD_RIGHTS, "RoleBinding"): "e2e/test_kubectl_kinds",
    (IMAGES, "ImageSignature"): "images/streams/test_stream_parts",
    (IMAGES, "ImageStreamImage"): "e2e/test_image_streams",
    (IMAGES, "ImageStreamImport"): "e2e/test_import",
    (IMAGES, "ImageStreamLayers"): "images/streams/test_stream_parts",
    (IMAGES, "ImageStreamMapping"): "images/streams/test_mappings",
    (IMAGES, "ImageStreamTag"): "e2e/test_image_streams",
    (IMAGES, "ImageTag"): "images/streams/test_tags",
    (IMAGES, "SecretList"): "images/streams/test_stream_parts",
}
"""Kinds that are not written by hand, and the tests that go through them, without kubectl too."""

NEVER_THERE: tuple[tuple[str, Object], ...] = (
    (
        "services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
        },
    ),
    (
        "resourcequotas",
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "small"},
            "spec": {"hard": {"pods": "4"}},
        },
    ),
    (
        "limitranges",
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "small"},
            "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]},
        },
    ),
    (
        "customresourcedefinitions",
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "ships.dock.test"},
            "spec": {
                "group": "dock.test",
                "names": {"plural": "ships", "singular": "ship", "kind": "Ship"},
                "scope": "Namespaced",
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": {"type": "object"}},
                    }
                ],
            },
        },
    ),
)
"""What people write of the kinds of which there is never an object, by their plurals."""

PATCHES = {
    "strategic": '{"metadata": {"labels": {"tide": "high"}}}',
    "merge": '{"metadata": {"labels": {"berth": null}}}',
    "json": '[{"op": "replace", "path": "/metadata/labels/cargo", "value": "tea"}]',
}


@dataclass(frozen=True, slots=True)
class Harbour:
    """A project, and somebody with a kubectl who works in it."""

    kubectl: Kubectl
    project: str

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return manifests.of(self.project)

    @property
    def types(self) -> str:
        return ",".join(str(manifest.kind.resource) for manifest in self.manifests)

    def __call__(self, *words: str | Path, given: str | None = None) -> Done:
        return self.kubectl("-n", self.project, *words, given=given)

    def all_say(self, said: str, *words: str) -> None:
        """Run a command over all that is written, which says the same of each."""
        done = self(*words, "-f", "-", given=manifests.written(self.project))
        lines = done.check().replace(" (no change)", "").splitlines()
        assert lines == [f"{manifest.shown} {said}" for manifest in self.manifests]

    def all_refused(self, *words: str, given: list[Object]) -> list[str]:
        """Run a command over objects that are all refused; what it says of each."""
        done = self(*words, "-f", "-", given=manifests.text(given))
        assert (done.ok, done.out) == (False, "")
        return done.err.splitlines()

    def delete(self, *words: str) -> None:
        done = self("delete", *words, "-f", "-", given=manifests.written(self.project))
        assert done.check().count(" deleted") == len(self.manifests)

    def listed(self, *words: str) -> str:
        return self("get", self.types, "-l", f"{LABEL}={self.project}", *words).check()

    def found(self) -> dict[str, Object]:
        """All objects as they are now, by the names that kubectl gives them."""
        items = json.loads(self.listed("-o", "json"))["items"]
        return {manifest.shown: item for manifest, item in zip(self.manifests, items, strict=True)}

    def labels(self) -> list[dict[str, str]]:
        return [
            {name: value for name, value in item["metadata"]["labels"].items() if name in LABELS}
            for item in self.found().values()
        ]

    def gone(self) -> bool:
        """Whether nothing is left, and each is said to be not found."""
        refusals = self("get", "-f", "-", given=manifests.written(self.project)).err.splitlines()
        missed = [line for line in refusals if "Error from server (NotFound)" in line]
        return len(missed) == len(self.manifests)


NOTE = '{"metadata": {"labels": {"c": "d"}}}'
LABELS = ("berth", "cargo", "tide")


@pytest.fixture(scope="module", params=clients.KUBECTLS)
def kubectl(
    request: pytest.FixtureRequest, wharf: Wharf, tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    """Both generations, each with one memory of what the server has for all tests."""
    return clients.kubectl(request.param, wharf, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture(scope="module")
def harbour(kubectl: Kubectl) -> Harbour:
    """A project with an object of each kind."""
    found = Harbour(kubectl, f"walk-{'old' if kubectl.old else 'new'}")
    kubectl("create", "namespace", found.project).check()
    found.all_say("created", "apply")
    return found


@pytest.fixture
def quay(kubectl: Kubectl, project: str) -> Harbour:
    """A project with nothing in it."""
    kubectl("create", "namespace", project).check()
    return Harbour(kubectl, project)


def test_every_served_kind_is_gone_through() -> None:
    written = {(each.kind.group, each.kind.kind) for each in manifests.of("any")}
    asked = {(group, kind) for group, _, kind in (name.partition("/") for name in QUESTIONS)}
    served = {(kind.group, kind.kind) for kind in kinds.SERVED}

    assert {(kind.group, kind.kind) for kind in kinds.ALL} <= written
    assert served - written - asked == set(ELSEWHERE)
    assert {each.type for each in manifests.of("any")} == set(TABLES)
    for module in ELSEWHERE.values():
        assert (Path(__file__).parents[1] / f"{module}.py").exists()


def test_what_is_applied_again_is_unchanged_and_all_of_it_is_there(harbour: Harbour) -> None:
    again = harbour("apply", "-f", "-", given=manifests.written(harbour.project)).check()

    changed = [line.split()[0] for line in again.splitlines() if not line.endswith(" unchanged")]
    # With every server, the old one sends again the lists of kinds that it does not know, and the
    # new one the selectors of budgets.
    old = ["cronjob.batch", "deploymentconfig.apps.openshift.io"]
    ever = old if harbour.kubectl.old else ["poddisruptionbudget.policy"]
    assert changed == [f"{each}/{harbour.project}" for each in ever]
    found = harbour.found()
    for manifest in harbour.manifests:
        assert manifests.lacking(manifest.body, found[manifest.shown]) == []


@pytest.mark.parametrize("wide", [False, True], ids=["default", "wide"])
def test_tables_have_the_columns_that_people_know(harbour: Harbour, wide: bool) -> None:
    blocks = harbour.listed(*(("-o", "wide") if wide else ())).strip().split("\n\n")

    assert len(blocks) == len(harbour.manifests)
    for manifest, block in zip(harbour.manifests, blocks, strict=True):
        head, row = block.splitlines()
        narrow, more = TABLES[manifest.type]
        if wide:
            narrow = more if more.startswith(narrow[:4]) else f"{narrow} {more}".strip()
        assert " ".join(head.split()) == narrow
        assert manifest.message in row
        assert manifest.type == "event" or row.startswith(manifest.shown)


def test_the_outputs_for_machines_agree(harbour: Harbour) -> None:
    found = json.loads(harbour.listed("-o", "json"))["items"]
    names = [f"{manifest.kind.kind} {manifest.name}" for manifest in harbour.manifests]
    path = 'jsonpath={range .items[*]}{.kind} {.metadata.name}{"\\n"}{end}'
    template = "go-template={{range .items}}{{.kind}} {{.metadata.name}}{{println}}{{end}}"
    columns = "custom-columns=KIND:.kind,NAME:.metadata.name"

    assert [f"{item['kind']} {item['metadata']['name']}" for item in found] == names
    assert YAML(typ="safe").load(harbour.listed("-o", "yaml"))["items"] == found
    shown = [manifest.shown for manifest in harbour.manifests]
    assert harbour.listed("-o", "name").split() == shown
    assert harbour.listed("-o", path).splitlines() == names
    assert harbour.listed("-o", template).splitlines() == names
    table = harbour.listed("-o", columns).splitlines()
    assert [" ".join(line.split()) for line in table] == ["KIND NAME", *names]


def test_explain_has_every_field_that_people_write(harbour: Harbour) -> None:
    for manifest in harbour.manifests:
        version = f"--api-version={manifest.kind.api_version}"

        told = harbour("explain", manifest.kind.plural, version, "--recursive").check()

        lines = told.partition("FIELDS:")[2].splitlines()
        fields = {line.split()[0] for line in lines if line.strip()}
        assert set(fields_of(manifest.body, manifest.kind.schema)) <= fields, manifest.type


def test_explain_describes_a_field(harbour: Harbour) -> None:
    told = harbour("explain", "deployments.spec.template.spec.containers.ports").check()

    assert "containerPort" in told
    assert "-required-" in told
    assert "<integer>" in told
    refused = harbour("explain", "deployments.spec.bogus")
    assert not refused.ok
    assert "bogus" in refused.err


def test_each_kind_is_labelled_annotated_patched_and_edited(
    quay: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    quay.all_say("created", "apply")

    quay.all_say("labeled", "label", "berth=one", "cargo=tar")
    quay.all_say("annotated", "annotate", "note=seen")
    for kind, patch in PATCHES.items():
        quay.all_say("patched", "patch", f"--type={kind}", "-p", patch)

    assert quay.labels() == [{"tide": "high", "cargo": "tea"}] * len(quay.manifests)
    for item in quay.found().values():
        assert item["metadata"]["annotations"]["note"] == "seen"
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/cargo: tea/cargo: rum/'")
    edited = quay("edit", *(manifest.shown for manifest in quay.manifests)).check()
    assert edited.splitlines() == [f"{manifest.shown} edited" for manifest in quay.manifests]
    assert quay.labels() == [{"tide": "high", "cargo": "rum"}] * len(quay.manifests)
    if not quay.kubectl.old:
        quay.all_say("condition met", "wait", "--for=jsonpath={.metadata.labels.cargo}=rum")


def test_watchers_see_each_kind_come_change_and_go(quay: Harbour) -> None:
    with ExitStack() as watches:
        watched = [
            (manifest, watches.enter_context(watching(quay, manifest)))
            for manifest in quay.manifests
        ]
        quay.all_say("created", "apply")
        for manifest, lines in watched:
            await_event(lines, "ADDED", manifest)
        quay.all_say("labeled", "label", "berth=one")
        for manifest, lines in watched:
            await_event(lines, "MODIFIED", manifest)
        quay.delete("--wait=false")
        for manifest, lines in watched:
            await_event(lines, "DELETED", manifest)
    assert quay.gone()


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_each_kind_is_deleted_in_the_three_ways(quay: Harbour, cascade: str) -> None:
    quay.all_say("created", "apply")

    quay.delete(f"--cascade={cascade}", "--timeout=60s")

    assert quay.gone()


def test_each_kind_is_applied_on_the_server(quay: Harbour) -> None:
    quay.all_say("serverside-applied", "apply", "--server-side")
    first = quay.found()
    quay.all_say("serverside-applied", "apply", "--server-side")
    shown = () if quay.kubectl.old else ("--show-managed-fields",)

    for manifest in quay.manifests:
        assert manifests.lacking(manifest.body, first[manifest.shown]) == []
    for item in json.loads(quay.listed("-o", "json", *shown))["items"]:
        applied = [
            entry
            for entry in item["metadata"]["managedFields"]
            if (entry["manager"], entry["operation"]) == ("kubectl", "Apply")
        ]
        assert len(applied) == 1
        assert f"f:{LABEL}" in applied[0]["fieldsV1"]["f:metadata"]["f:labels"]


def test_a_field_that_no_kind_has_is_named(quay: Harbour) -> None:
    bad = [with_field(manifest, "bogus", 1) for manifest in quay.manifests]
    if quay.kubectl.old:  # which judges by the published schema, and of many objects only lists
        bad = [{"apiVersion": "v1", "kind": "List", "items": bad}]

    refused = quay.all_refused("create", "--validate=true", given=bad)

    assert len(refused) == len(bad)
    for index, manifest in enumerate(quay.manifests):
        path = "spec" if "spec" in manifest.body else ""
        kind = manifest.kind.kind
        if quay.kubectl.old:
            where = f"{kind}.{path}".rstrip(".")
            assert f'ValidationError({where}): unknown field "bogus"' in refused[0]
        else:
            assert f'{kind} in version "v1" cannot be handled as a {kind}' in refused[index]
            assert f'unknown field "{f"{path}.bogus".lstrip(".")}"' in refused[index]
    assert quay.gone()


def test_a_value_of_the_wrong_type_is_named(quay: Harbour) -> None:
    bad = [{**manifest.body, wrong_field(manifest): 17} for manifest in quay.manifests]

    refused = quay.all_refused("create", "--validate=false", given=bad)

    assert len(refused) == len(bad)
    for manifest, line in zip(quay.manifests, refused, strict=True):
        wrong = f'{wrong_field(manifest)}: Invalid value: "integer": must be of type'
        assert line.startswith("Error from server (Invalid)")
        assert f'"{manifest.name}" is invalid: {wrong}' in line
    assert quay.gone()


def test_what_has_changed_meanwhile_is_not_overwritten(harbour: Harbour) -> None:
    seen = list(harbour.found().values())
    harbour.all_say("annotated", "annotate", f"note={id(seen)}", "--overwrite")

    refused = harbour.all_refused("replace", given=seen)

    assert len(refused) == len(harbour.manifests)
    for manifest, line in zip(harbour.manifests, refused, strict=True):
        assert line.startswith("Error from server (Conflict): error when replacing")
        assert (
            f'Operation cannot be fulfilled on {manifest.kind.resource} "{manifest.name}": '
            "the object has been modified; please apply your changes to the latest version "
            "and try again"
        ) in line


def test_what_is_there_is_not_created_again(harbour: Harbour) -> None:
    bodies = [manifest.body for manifest in harbour.manifests]

    refused = harbour.all_refused("create", "--validate=false", given=bodies)

    for manifest, line in zip(harbour.manifests, refused, strict=True):
        assert line.startswith("Error from server (AlreadyExists): error when creating")
        assert line.endswith(f'{manifest.kind.resource} "{manifest.name}" already exists')


def test_strangers_are_told_what_they_may_not(harbour: Harbour) -> None:
    # Everybody may know which cluster roles there are.
    hidden = [one.kind for one in harbour.manifests if one.kind.plural != "clusterroles"]

    refused = harbour("get", ",".join(str(kind.resource) for kind in hidden), "--as=nobody")

    assert (refused.ok, refused.out) == (False, "")
    for kind, line in zip(hidden, refused.err.splitlines(), strict=True):
        where = (
            f'in the namespace "{harbour.project}"' if kind.namespaced else "at the cluster scope"
        )
        assert line == (
            f'Error from server (Forbidden): {kind.resource} is forbidden: User "nobody" cannot '
            f'list resource "{kind.plural}" in API group "{kind.group}" {where}'
        )


def test_roles_and_bindings_have_an_older_spelling(quay: Harbour) -> None:
    name, version = quay.project, f"{OLD_RIGHTS}/v1"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    role: Object = {"kind": "Role", "rules": rules}
    binding: Object = {"kind": "RoleBinding", "userNames": ["ann"]}
    own = {"name": name, "namespace": name}
    objects: list[Object] = [
        role,
        {**binding, "roleRef": own},
        {**role, "kind": "ClusterRole"},
        {**binding, "kind": "ClusterRoleBinding", "roleRef": {"name": name}},
    ]
    given = manifests.text(
        [{"apiVersion": version, "metadata": {"name": name}, **each} for each in objects]
    )
    shown = [f"{each['kind'].lower()}.{OLD_RIGHTS}/{name}" for each in objects]

    made = quay("create", "-f", "-", given=given).check()
    assert made.splitlines() == [f"{each} created" for each in shown]
    for words in (("label", "a=b"), ("annotate", "a=b"), ("patch", "--type=merge", f"-p={NOTE}")):
        quay(*words, "-f", "-", given=given).check()
    assert quay("get", "-f", "-", "-o", "name", given=given).check().split() == shown
    assert quay("auth", "can-i", "get", "configmaps", "--as=ann").out == "yes\n"
    found = json.loads(quay("get", f"rolebindings.{RBAC}", name, "-o", "json").check())
    assert [(one["kind"], one["name"]) for one in found["subjects"]] == [("User", "ann")]
    assert found["metadata"]["labels"] == {"a": "b", "c": "d"}
    assert quay("delete", "-f", "-", given=given).check().count(" deleted") == len(objects)
    assert quay("auth", "can-i", "get", "configmaps", "--as=ann").out == "no\n"
    assert not quay("get", f"rolebindings.{RBAC}", name).ok


@pytest.mark.parametrize("acting", [(), ("--as=skipper",)], ids=["administrator", "user"])
def test_what_is_never_there_is_refused_in_a_sentence(
    quay: Harbour, acting: tuple[str, ...]
) -> None:
    quay("create", "rolebinding", "skipper", "--clusterrole=admin", "--user=skipper").check()
    bodies = [body for _, body in NEVER_THERE]
    told = {
        plural: outside.sentence(body["apiVersion"].rpartition("/")[0], "v1", plural)
        for plural, body in NEVER_THERE
    }

    for words in (("create",), ("apply",), ("apply", "--server-side")):
        refused = quay.all_refused(*words, *acting, given=bodies)
        assert len(refused) == len(told)
        for line, sentence in zip(refused, told.values(), strict=True):
            assert line.startswith("Error from server (NotFound): ")
            assert line.removeprefix("Error from server (NotFound): ") in (
                sentence,
                f'error when creating "STDIN": {sentence}',
            )
    for plural, words in {
        "services": ("service", "clusterip", "web", "--tcp=80"),
        "resourcequotas": ("quota", "small", "--hard=pods=4"),
    }.items():
        refused = quay("create", *words, *acting).err.splitlines()
        assert len(refused) == 1
        assert refused[0].startswith("error: failed to create ")
        assert refused[0].endswith(f": {told[plural]}")
    found = quay("get", "svc,quota,limits,crd", *acting)
    assert (found.check(), found.err.partition(" found")[0]) == ("", "No resources")


def test_auth_can_i_lists_what_editors_and_viewers_may(quay: Harbour) -> None:
    for role in ("edit", "view"):
        quay("create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}or").check()

    def verbs(who: str) -> dict[str, set[str]]:
        told = quay("auth", "can-i", "--list", f"--as={who}").check().splitlines()[1:]
        rules = [(line.split()[0], line.rpartition("[")[2].rstrip("]")) for line in told]
        return {resource: set(allowed.split()) for resource, allowed in rules}

    editor, viewer = verbs("editor"), verbs("viewor")

    for manifest in quay.manifests:
        resource = str(manifest.kind.resource)
        if not manifest.kind.namespaced or resource.startswith("role"):
            continue
        if resource != "leases.coordination.k8s.io":
            assert {"create", "delete", "get", "list", "patch", "watch"} <= editor[resource]
            assert ("get" in viewer.get(resource, ())) == (resource != "secrets")
        assert "create" not in viewer.get(resource, ())


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_are_answered(harbour: Harbour, question: str) -> None:
    group, _, kind = question.partition("/")
    asked, (path, expected) = QUESTIONS[question]
    body = {"apiVersion": f"{group}/v1", "kind": kind, **asked}
    text = json.dumps(body).replace("@", harbour.project)

    answer = json.loads(harbour("create", "-f", "-", "-o", "json", given=text).check())

    for step in path.split("."):
        answer = answer[step]
    assert answer == json.loads(json.dumps(expected).replace("@", harbour.project))


def fields_of(body: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """The names of the fields that are written; keys of maps are none."""
    if isinstance(body, list):
        for each in body:
            yield from fields_of(each, schema["items"])
    elif isinstance(body, dict) and "properties" in schema:
        for name, value in body.items():
            yield name
            yield from fields_of(value, schema["properties"][name])


def with_field(manifest: Manifest, name: str, value: Any) -> Object:
    if "spec" in manifest.body:
        return {**manifest.body, "spec": {**manifest.body["spec"], name: value}}
    return {**manifest.body, name: value}


def wrong_field(manifest: Manifest) -> str:
    """A field of the kind that cannot be a number."""
    own = [name for name in manifest.body if name not in ("apiVersion", "kind", "metadata")]
    return own[-1] if own else "spec"


@contextmanager
def watching(quay: Harbour, manifest: Manifest) -> Iterator[Path]:
    """Have one kind watched by a kubectl that shares what is known of the server."""
    home = quay.kubectl.home / quay.project / manifest.type
    kubectl = replace(quay.kubectl, home=home)
    home.mkdir(parents=True)
    (home / ".kube").symlink_to(quay.kubectl.home / ".kube")
    scope = ("-n", quay.project, "-l", f"{LABEL}={quay.project}")
    with kubectl.watching(str(manifest.kind.resource), *scope) as lines:
        yield lines


def await_event(lines: Path, event: str, manifest: Manifest) -> None:
    def seen() -> bool | None:
        shown = lines.read_text().splitlines()
        return any(line.startswith(event) and manifest.message in line for line in shown) or None

    machine.eventually(lambda: f"{event} {manifest.shown} in:\n{lines.read_text()}", seen)
