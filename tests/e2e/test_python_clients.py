"""
The public Python clients do here, over TLS, what they do with any cluster.

`kubernetes` is made from a description of the API and checks what it is given field by field;
`lightkube` knows which verbs each kind has and takes the answers strictly by their kinds. Each is
asked in its own words, since it is these words that people have in their scripts.
"""

from __future__ import annotations

import base64
import itertools
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import kubernetes
import lightkube
import pytest
import urllib3
from kubernetes import dynamic
from kubernetes.client import ApiClient, ApiException, AppsV1Api, CoreV1Api, PolicyV1Api
from kubernetes.dynamic import exceptions as refusals
from lightkube import ApiError, operators
from lightkube.config.kubeconfig import KubeConfig
from lightkube.models import apps_v1, authentication_v1, core_v1, meta_v1, policy_v1
from lightkube.resources.apps_v1 import Deployment, ReplicaSet
from lightkube.resources.core_v1 import (
    ConfigMap,
    Namespace,
    Pod,
    PodEviction,
    PodStatus,
    Secret,
    ServiceAccount,
    ServiceAccountToken,
)
from lightkube.resources.policy_v1 import PodDisruptionBudget
from lightkube.types import CascadeType, PatchType

from e2e import clients, machine
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

LABELS = {"app": "crane"}
RUNNING = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
"""What a node would report; no node is here, so the tests do."""


@pytest.fixture
def light(wharf: Wharf, project: str) -> Iterator[lightkube.Client]:
    """An administrator's client in a namespace of its own, which has its account for pods."""
    with light_client(wharf.kubeconfig, project) as client:
        client.create(Namespace(metadata=meta_v1.ObjectMeta(name=project)))
        machine.eventually("the account", lambda: is_there(client, ServiceAccount, "default"))
        yield client


@pytest.fixture
def stock(wharf: Wharf) -> Iterator[ApiClient]:
    with stock_client(wharf.kubeconfig) as client:
        yield client


@pytest.fixture
def berth(light: lightkube.Client) -> str:
    """The same namespace for the client that does not keep one itself."""
    return str(light.namespace)


def is_there(light: lightkube.Client, kind: Any, name: str) -> bool | None:
    return True if name in [each.metadata.name for each in light.list(kind)] else None


def is_gone(light: lightkube.Client, kind: Any, name: str) -> bool | None:
    return None if is_there(light, kind, name) else True


def light_client(kubeconfig: Path, namespace: str | None = None) -> lightkube.Client:
    return lightkube.Client(KubeConfig.from_file(kubeconfig), namespace=namespace, trust_env=False)


def stock_client(kubeconfig: Path) -> ApiClient:
    return kubernetes.config.new_client_from_config(config_file=str(kubeconfig))


def test_both_trust_the_authority_of_the_kubeconfig_and_no_server_without_it(
    wharf: Wharf, tmp_path: Path
) -> None:
    lines = wharf.kubeconfig.read_text().splitlines(keepends=True)
    untrusting = tmp_path / "kubeconfig"
    untrusting.write_text("".join(line for line in lines if "certificate-authority" not in line))

    with stock_client(wharf.kubeconfig) as client:
        assert client.configuration.verify_ssl
        CoreV1Api(client).list_namespace(limit=1)
    with stock_client(untrusting) as client, pytest.raises(urllib3.exceptions.MaxRetryError) as met:
        CoreV1Api(client).list_namespace(limit=1)
    assert isinstance(met.value.reason, urllib3.exceptions.SSLError)
    with light_client(wharf.kubeconfig) as client:
        assert next(iter(client.list(Namespace))).metadata
    with light_client(untrusting) as client, pytest.raises(httpx2.ConnectError) as error:
        next(iter(client.list(Namespace)))
    assert ssl.SSLCertVerificationError in map(type, reasons(error.value))


def reasons(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# Typed objects


def test_kubernetes_creates_objects_and_reads_them_back_typed(stock: ApiClient, berth: str) -> None:
    core, apps, policy = CoreV1Api(stock), AppsV1Api(stock), PolicyV1Api(stock)
    made = kubernetes.client
    meta = made.V1ObjectMeta(name="crane", labels=LABELS)
    spec = made.V1PodSpec(
        containers=[
            made.V1Container(
                name="app",
                image="registry.test/crane:1",
                ports=[made.V1ContainerPort(container_port=8080)],
                resources=made.V1ResourceRequirements(requests={"cpu": "250m"}),
            )
        ]
    )
    selector = made.V1LabelSelector(match_labels=LABELS)

    core.create_namespaced_config_map(
        berth, made.V1ConfigMap(metadata=meta, data={"tide": "high"}, binary_data={"raw": "AAE="})
    )
    core.create_namespaced_secret(berth, made.V1Secret(metadata=meta, string_data={"key": "value"}))
    core.create_namespaced_pod(berth, made.V1Pod(metadata=meta, spec=spec))
    policy.create_namespaced_pod_disruption_budget(
        berth,
        made.V1PodDisruptionBudget(
            metadata=meta,
            spec=made.V1PodDisruptionBudgetSpec(min_available="50%", selector=selector),
        ),
    )
    apps.create_namespaced_deployment(
        berth,
        made.V1Deployment(
            metadata=meta,
            spec=made.V1DeploymentSpec(
                replicas=2,
                selector=selector,
                template=made.V1PodTemplateSpec(
                    metadata=made.V1ObjectMeta(labels=LABELS), spec=spec
                ),
            ),
        ),
    )

    config = core.read_namespaced_config_map("crane", berth)
    assert (config.data, config.binary_data) == ({"tide": "high"}, {"raw": "AAE="})
    assert config.metadata.creation_timestamp.tzinfo is not None
    secret = core.read_namespaced_secret("crane", berth)
    assert base64.b64decode(secret.data["key"]) == b"value"
    pod = core.read_namespaced_pod("crane", berth)
    assert pod.spec.containers[0].ports[0].container_port == 8080
    assert pod.spec.containers[0].resources.requests == {"cpu": "250m"}
    assert (pod.spec.restart_policy, pod.status.phase) == ("Always", "Pending")
    budget = policy.read_namespaced_pod_disruption_budget("crane", berth)
    assert (budget.spec.min_available, budget.spec.max_unavailable) == ("50%", None)
    deployment = machine.eventually(
        "the deployment to be seen to",
        lambda: observed(apps.read_namespaced_deployment("crane", berth)),
    )
    assert deployment.spec.strategy.rolling_update.max_surge == "25%"
    assert deployment.status.ready_replicas is None  # nothing runs them


def observed(deployment: Any) -> Any:
    return deployment if deployment.status.replicas == 2 else None


def test_lightkube_creates_objects_and_reads_them_back_typed(light: lightkube.Client) -> None:
    meta = meta_v1.ObjectMeta(name="crane", labels=LABELS)
    spec = core_v1.PodSpec(
        containers=[
            core_v1.Container(
                name="app",
                image="registry.test/crane:1",
                ports=[core_v1.ContainerPort(containerPort=8080)],
                resources=core_v1.ResourceRequirements(requests={"cpu": "250m"}),
            )
        ]
    )
    selector = meta_v1.LabelSelector(matchLabels=LABELS)

    light.create(ConfigMap(metadata=meta, data={"tide": "high"}, binaryData={"raw": "AAE="}))
    light.create(Secret(metadata=meta, stringData={"key": "value"}))
    light.create(Pod(metadata=meta, spec=spec))
    light.create(
        PodDisruptionBudget(
            metadata=meta,
            spec=policy_v1.PodDisruptionBudgetSpec(minAvailable="50%", selector=selector),
        )
    )
    light.create(
        Deployment(
            metadata=meta,
            spec=apps_v1.DeploymentSpec(
                replicas=2,
                selector=selector,
                template=core_v1.PodTemplateSpec(
                    metadata=meta_v1.ObjectMeta(labels=LABELS), spec=spec
                ),
            ),
        )
    )

    config = light.get(ConfigMap, "crane")
    assert (config.data, config.binaryData) == ({"tide": "high"}, {"raw": "AAE="})
    assert config.metadata.creationTimestamp.tzinfo is not None
    assert base64.b64decode(light.get(Secret, "crane").data["key"]) == b"value"
    pod = light.get(Pod, "crane")
    assert pod.spec.containers[0].ports[0].containerPort == 8080
    assert pod.spec.containers[0].resources.requests == {"cpu": "250m"}
    assert (pod.spec.restartPolicy, pod.status.phase) == ("Always", "Pending")
    budget = light.get(PodDisruptionBudget, "crane")
    assert (budget.spec.minAvailable, budget.spec.maxUnavailable) == ("50%", None)
    deployment = machine.eventually(
        "the deployment to be seen to", lambda: observed(light.get(Deployment, "crane"))
    )
    assert deployment.spec.strategy.rollingUpdate.maxSurge == "25%"
    assert deployment.status.readyReplicas is None  # nothing runs them


# Lists


def test_kubernetes_lists_by_selectors_and_in_pages(stock: ApiClient, berth: str) -> None:
    core = CoreV1Api(stock)
    for number in range(7):
        meta = {
            "name": f"crane-{number}",
            "labels": {"side": "port" if number % 2 else "starboard"},
        }
        core.create_namespaced_config_map(berth, {"metadata": meta})

    def names(**how: str) -> list[str]:
        return [each.metadata.name for each in core.list_namespaced_config_map(berth, **how).items]

    pages, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(berth, limit=3, _continue=token)
        pages.append(page)
        token = page.metadata._continue or ""

    cranes = [f"crane-{number}" for number in range(7)]
    listed = [each.metadata.name for page in pages for each in page.items]
    assert [name for name in listed if name in cranes] == cranes
    assert len(listed) == len(set(listed))
    assert {len(page.items) for page in pages[:-1]} == {3}
    assert len({page.metadata.resource_version for page in pages}) == 1
    assert pages[0].metadata.remaining_item_count == len(listed) - 3
    assert names(label_selector="side=port") == cranes[1::2]
    assert names(label_selector="side in (port),side!=starboard") == cranes[1::2]
    assert names(field_selector="metadata.name=crane-4") == ["crane-4"]
    everywhere = core.list_config_map_for_all_namespaces(
        label_selector="side", field_selector=f"metadata.namespace={berth}"
    )
    assert [each.metadata.name for each in everywhere.items] == cranes


def test_lightkube_lists_by_selectors_and_in_pages(light: lightkube.Client) -> None:
    for number in range(7):
        labels = {"side": "port" if number % 2 else "starboard"}
        meta = meta_v1.ObjectMeta(name=f"crane-{number}", labels=labels)
        light.create(ConfigMap(metadata=meta))

    def names(**how: Any) -> list[str]:
        return [each.metadata.name for each in light.list(ConfigMap, **how)]

    cranes = [f"crane-{number}" for number in range(7)]
    labelled = {"side": operators.exists()}
    assert names(labels=labelled, chunk_size=3) == cranes
    assert names(labels={"side": "port"}, chunk_size=2) == cranes[1::2]
    both = [("side", operators.not_in(["port"])), ("side", operators.exists())]
    assert names(labels=both) == cranes[::2]
    assert names(labels={"side": operators.in_(["port", "starboard"])}) == cranes
    assert names(fields={"metadata.name": "crane-4"}) == ["crane-4"]
    here = {"metadata.namespace": light.namespace}
    assert names(namespace="*", labels=labelled, fields=here) == cranes


# Patches

MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "crane"}}
PATCHES: dict[PatchType, tuple[Any, dict[str, str]]] = {
    PatchType.STRATEGIC: ({"data": {"tide": None, "wind": "west"}}, {"wind": "west"}),
    PatchType.MERGE: ({"data": {"wind": "west"}}, {"tide": "high", "wind": "west"}),
    PatchType.JSON: (
        [
            {"op": "test", "path": "/data/tide", "value": "high"},
            {"op": "move", "from": "/data/tide", "path": "/data/wind"},
        ],
        {"wind": "high"},
    ),
    PatchType.APPLY: ({**MANIFEST, "data": {"wind": "west"}}, {"tide": "high", "wind": "west"}),
}
"""For each form what is sent, and what is left of a config map that says that the tide is high."""


@pytest.mark.parametrize("form", PATCHES)
def test_both_patch_in_every_form(
    stock: ApiClient, light: lightkube.Client, form: PatchType
) -> None:
    patch, left = PATCHES[form]
    core, names = CoreV1Api(stock), ("crane", light.namespace)
    configs = dynamic.DynamicClient(stock).resources.get(api_version="v1", kind="ConfigMap")

    def typed() -> Any:
        how = {"field_manager": "typed", "_content_type": form.value}
        return core.patch_namespaced_config_map(*names, patch, **how).data

    def untyped() -> Any:
        how = {"field_manager": "untyped", "content_type": form.value}
        return configs.patch(patch, *names, **how).to_dict()["data"]

    def lightly() -> Any:
        how = {"field_manager": "light", "patch_type": form}
        return light.patch(ConfigMap, "crane", patch, **how).data

    for patched in (typed, untyped, lightly):
        light.create(ConfigMap(metadata=meta_v1.ObjectMeta(name="crane"), data={"tide": "high"}))
        assert patched() == left
        assert light.get(ConfigMap, "crane").data == left
        light.delete(ConfigMap, "crane")


def test_both_are_told_whose_field_they_would_take_by_applying(
    stock: ApiClient, light: lightkube.Client
) -> None:
    configs = dynamic.DynamicClient(stock).resources.get(api_version="v1", kind="ConfigMap")
    ours = {**MANIFEST, "data": {"tide": "high"}}
    theirs = {**MANIFEST, "data": {"tide": "low"}}
    apply = {"namespace": light.namespace, "field_manager": "stock"}

    configs.server_side_apply(ours, "crane", **apply)
    with pytest.raises(ApiError) as light_error:
        light.apply(ConfigMap.from_dict(theirs), field_manager="light")
    light.apply(ConfigMap.from_dict(theirs), field_manager="light", force=True)
    with pytest.raises(refusals.ConflictError) as stock_error:
        configs.server_side_apply(ours, "crane", **apply)
    taken_back = configs.server_side_apply(ours, "crane", force_conflicts=True, **apply)

    assert light_error.value.status.reason == "Conflict"
    [cause] = light_error.value.status.details.causes
    assert (cause.reason, cause.field) == ("FieldManagerConflict", ".data.tide")
    assert 'conflict with "stock"' in cause.message
    assert 'conflict with "light"' in stock_error.value.summary()
    assert taken_back.data.tide == "high"
    managers = light.get(ConfigMap, "crane").metadata.managedFields
    assert [(each.manager, each.operation) for each in managers] == [("stock", "Apply")]


# Watches


def test_kubernetes_watches_in_order_and_goes_on_where_it_was(stock: ApiClient, berth: str) -> None:
    core = CoreV1Api(stock)
    version = core.list_namespaced_config_map(berth).metadata.resource_version
    for change in ("1", "2"):
        config_map = {"metadata": {"name": f"crane-{change}", "labels": LABELS}}
        core.create_namespaced_config_map(berth, config_map)
    core.patch_namespaced_config_map("crane-1", berth, {"data": {"tide": "low"}})
    core.delete_namespaced_config_map("crane-2", berth)

    def watched(since: str, count: int) -> list[tuple[str, str, str]]:
        watch = kubernetes.watch.Watch()
        how = {"label_selector": "app", "resource_version": since, "timeout_seconds": 60}
        events = watch.stream(core.list_namespaced_config_map, berth, **how)
        found = []
        for event in itertools.islice(events, count):
            about = event["object"].metadata
            found.append((event["type"], about.name, about.resource_version))
        watch.stop()
        return found

    events = watched(version, 4)
    assert [event[:2] for event in events] == [
        ("ADDED", "crane-1"),
        ("ADDED", "crane-2"),
        ("MODIFIED", "crane-1"),
        ("DELETED", "crane-2"),
    ]
    assert watched(events[1][2], 2) == events[2:]


def test_lightkube_watches_in_order_and_goes_on_where_it_was(light: lightkube.Client) -> None:
    listed = light.list(ConfigMap)
    list(listed)
    for change in ("1", "2"):
        light.create(ConfigMap(metadata=meta_v1.ObjectMeta(name=f"crane-{change}", labels=LABELS)))
    light.patch(ConfigMap, "crane-1", {"data": {"tide": "low"}})
    light.delete(ConfigMap, "crane-2")

    def watched(since: str, count: int) -> list[tuple[str, str, str]]:
        events = light.watch(ConfigMap, labels={"app": "crane"}, resource_version=since)
        return [
            (kind, found.metadata.name, found.metadata.resourceVersion)
            for kind, found in itertools.islice(events, count)
        ]

    events = watched(listed.resourceVersion, 4)
    assert [event[:2] for event in events] == [
        ("ADDED", "crane-1"),
        ("ADDED", "crane-2"),
        ("MODIFIED", "crane-1"),
        ("DELETED", "crane-2"),
    ]
    assert watched(events[1][2], 2) == events[2:]


# Evictions


def test_kubernetes_evicts_within_the_budget_and_shows_what_stops_it(
    stock: ApiClient, light: lightkube.Client
) -> None:
    guarded_pods(light)
    core, namespace = CoreV1Api(stock), light.namespace

    def evict(name: str) -> Any:
        eviction = kubernetes.client.V1Eviction(metadata={"name": name})
        return core.create_namespaced_pod_eviction(name, namespace, eviction)

    evict("crane-1")
    with pytest.raises(ApiException) as refused:
        evict("crane-2")

    assert refused.value.status == 429
    stopped_by(meta_v1.Status.from_dict(json.loads(refused.value.body)))
    with pytest.raises(ApiException, match="404"):
        core.read_namespaced_pod("crane-1", namespace)
    assert core.read_namespaced_pod("crane-2", namespace).metadata.deletion_timestamp is None


def test_lightkube_evicts_within_the_budget_and_shows_what_stops_it(
    light: lightkube.Client,
) -> None:
    guarded_pods(light)

    def evict(name: str) -> None:
        light.create(PodEviction(metadata=meta_v1.ObjectMeta(name=name)), name)

    evict("crane-1")
    with pytest.raises(ApiError) as refused:
        evict("crane-2")

    assert refused.value.response.status_code == 429
    stopped_by(refused.value.status)
    assert [pod.metadata.name for pod in light.list(Pod, labels=LABELS)] == ["crane-2"]


def guarded_pods(light: lightkube.Client) -> None:
    """Two pods that are ready, and a budget that spares one of them."""
    for name in ("crane-1", "crane-2"):
        container = core_v1.Container(name="app", image="registry.test/crane:1")
        meta = meta_v1.ObjectMeta(name=name, labels=LABELS)
        light.create(Pod(metadata=meta, spec=core_v1.PodSpec(containers=[container])))
        light.patch(PodStatus, name, {"status": RUNNING})
    selector = meta_v1.LabelSelector(matchLabels=LABELS)
    budget = policy_v1.PodDisruptionBudgetSpec(minAvailable=1, selector=selector)
    light.create(PodDisruptionBudget(metadata=meta_v1.ObjectMeta(name="keep-one"), spec=budget))

    def allows_one() -> bool | None:
        status = light.get(PodDisruptionBudget, "keep-one").status
        return status.disruptionsAllowed == 1 or None

    machine.eventually("the budget to know its pods", allows_one)


def stopped_by(status: meta_v1.Status) -> None:
    """A refusal names the budget that stops the eviction, as tools look for it."""
    assert (status.reason, status.code) == ("TooManyRequests", 429)
    [cause] = status.details.causes
    assert cause.reason == "DisruptionBudget"
    assert "keep-one" in cause.message


# Tokens and rights


def test_kubernetes_gets_a_token_that_is_then_its_own(
    wharf: Wharf, stock: ApiClient, berth: str, tmp_path: Path
) -> None:
    core = CoreV1Api(stock)
    core.create_namespaced_service_account(berth, {"metadata": {"name": "mate"}})

    spec = kubernetes.client.V1TokenRequestSpec(expiration_seconds=3600, audiences=[])
    request = kubernetes.client.AuthenticationV1TokenRequest(spec=spec)
    answer = core.create_namespaced_service_account_token("mate", berth, request)

    config = clients.with_token(wharf.kubeconfig, answer.status.token, tmp_path / "mate")
    with stock_client(config) as mate:
        api = kubernetes.client.AuthenticationV1Api(mate)
        review = api.create_self_subject_review(kubernetes.client.V1SelfSubjectReview())
        with pytest.raises(ApiException) as refused:
            CoreV1Api(mate).list_namespaced_secret(berth)
    assert review.status.user_info.username == f"system:serviceaccount:{berth}:mate"
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    assert 'cannot list resource "secrets"' in json.loads(refused.value.body)["message"]


def test_lightkube_gets_a_token_that_is_then_its_own(
    wharf: Wharf, light: lightkube.Client, tmp_path: Path
) -> None:
    light.create(ServiceAccount(metadata=meta_v1.ObjectMeta(name="mate")))

    spec = authentication_v1.TokenRequestSpec(expirationSeconds=3600, audiences=[])
    request = ServiceAccountToken(metadata=meta_v1.ObjectMeta(), spec=spec)
    answer = light.create(request, "mate")

    config = clients.with_token(wharf.kubeconfig, answer.status.token, tmp_path / "mate")
    with light_client(config, light.namespace) as mate, pytest.raises(ApiError) as refused:
        mate.get(Secret, "any")
    assert (refused.value.status.code, refused.value.status.reason) == (403, "Forbidden")
    account = f"system:serviceaccount:{light.namespace}:mate"
    assert f'User "{account}" cannot get resource "secrets"' in refused.value.status.message


# Deletions


@pytest.fixture
def deployed(light: lightkube.Client) -> str:
    """The replica set of a deployment, which goes with it or stays."""
    container = core_v1.Container(name="app", image="registry.test/crane:1")
    template = core_v1.PodTemplateSpec(
        metadata=meta_v1.ObjectMeta(labels=LABELS), spec=core_v1.PodSpec(containers=[container])
    )
    spec = apps_v1.DeploymentSpec(
        selector=meta_v1.LabelSelector(matchLabels=LABELS), template=template
    )
    light.create(Deployment(metadata=meta_v1.ObjectMeta(name="crane"), spec=spec))

    def replica_set() -> str | None:
        return next((each.metadata.name for each in light.list(ReplicaSet, labels=LABELS)), None)

    return machine.eventually("the replica set", replica_set)


Delete = Callable[[ApiClient, lightkube.Client, str], Any]


def delete_by_kubernetes(stock: ApiClient, light: lightkube.Client, policy: str) -> None:
    options = kubernetes.client.V1DeleteOptions(propagation_policy=policy)
    AppsV1Api(stock).delete_namespaced_deployment("crane", light.namespace, body=options)


def delete_by_lightkube(stock: ApiClient, light: lightkube.Client, policy: str) -> None:
    light.delete(Deployment, "crane", cascade=CascadeType(policy))


@pytest.mark.parametrize("delete", [delete_by_kubernetes, delete_by_lightkube])
@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
def test_a_deletion_takes_or_leaves_what_the_object_owns(
    stock: ApiClient, light: lightkube.Client, deployed: str, delete: Delete, policy: str
) -> None:
    delete(stock, light, policy)

    machine.eventually("the deployment to go", lambda: is_gone(light, Deployment, "crane"))
    if policy == "Orphan":
        assert light.get(ReplicaSet, deployed).metadata.ownerReferences in (None, [])
    else:
        machine.eventually("the replica set to go", lambda: is_gone(light, ReplicaSet, deployed))


def test_both_delete_many_at_once(stock: ApiClient, light: lightkube.Client) -> None:
    for name in ("one", "two", "three"):
        meta = meta_v1.ObjectMeta(name=name, labels={"of": "mate" if name == "one" else "cook"})
        light.create(ConfigMap(metadata=meta))

    def left() -> list[str]:
        return [each.metadata.name for each in light.list(ConfigMap, labels=ours)]

    ours = {"of": operators.exists()}
    CoreV1Api(stock).delete_collection_namespaced_config_map(
        light.namespace, label_selector="of=cook"
    )
    assert left() == ["one"]
    light.deletecollection(ConfigMap)
    assert left() == []


# Errors


def test_kubernetes_tells_its_errors_apart(stock: ApiClient, berth: str) -> None:
    configs = dynamic.DynamicClient(stock).resources.get(api_version="v1", kind="ConfigMap")
    body = {"metadata": {"name": "crane"}}
    first = configs.create(body, berth)
    configs.patch({"data": {"tide": "low"}}, "crane", berth)

    with pytest.raises(refusals.NotFoundError, match="not found"):
        configs.get("barge", berth)
    with pytest.raises(refusals.ConflictError, match="AlreadyExists"):
        configs.create(body, berth)
    with pytest.raises(refusals.ConflictError, match="the object has been modified"):
        configs.replace(first.to_dict() | {"data": {"tide": "high"}}, namespace=berth)
    with pytest.raises(refusals.UnprocessibleEntityError, match=r"metadata\.name"):
        configs.create({"metadata": {"name": "Crane!"}}, berth)
    with pytest.raises(dynamic.exceptions.ResourceNotFoundError):
        configs.client.resources.get(api_version="v1", kind="Barge")


def test_lightkube_tells_its_errors_apart(light: lightkube.Client) -> None:
    def answered(code: int, reason: str) -> Any:
        def same(error: ApiError) -> bool:
            return (error.status.code, error.status.reason) == (code, reason)

        return pytest.raises(ApiError, check=same)

    first = light.create(ConfigMap(metadata=meta_v1.ObjectMeta(name="crane")))
    light.patch(ConfigMap, "crane", {"data": {"tide": "low"}})

    with answered(404, "NotFound"):
        light.get(ConfigMap, "barge")
    with answered(409, "AlreadyExists"):
        light.create(ConfigMap(metadata=meta_v1.ObjectMeta(name="crane")))
    with answered(409, "Conflict"):
        light.replace(first)
    with answered(422, "Invalid"):
        light.create(ConfigMap(metadata=meta_v1.ObjectMeta(name="Crane!")))
