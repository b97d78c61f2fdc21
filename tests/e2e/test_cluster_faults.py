"""What an API does to its clients on its worst days, and what ours makes of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from e2e import fault_proxy, machine
from e2e.fault_proxy import Fault, FaultProxy, said
from e2e.wharf import Wharf
from made_pods import pod_spec, practice
from wharfinger.cli import cluster_access
from wharfinger.errors import NotFound
from wharfinger.maintenance.api import Answer, ApiFault, ApiRefused, WatchExpired
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Object, Pod

pytestmark = pytest.mark.e2e

EVICTION = r"/eviction$"
PODS = "/api/v1/namespaces/{}/pods"
LIST = r"/pods\?limit"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
PAGE = machine.ROOT / "docs" / "reference" / "clusters.md"
PLUGIN = """\
#!/bin/sh
cd "$(dirname "$0")"
printf x >> calls
token=wrong
[ "$(cat calls)" = x ] || token={}
cat <<END
{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
 "status": {{"token": "$token"}}}}
END
"""
WATCH = r"/pods\?watch"


@pytest.fixture
def faults(wharf: Wharf) -> Iterator[FaultProxy]:
    with fault_proxy.before(wharf) as proxy:
        yield proxy


@pytest.fixture
async def api(faults: FaultProxy, tmp_path: Path) -> AsyncIterator[KubeApi]:
    server = cluster_access.server(faults.kubeconfig(tmp_path), None)
    # Patient where it should get an answer, and not where it waits for none to come.
    async with KubeApi(server, timeout=10, quiet=0.2) as api:
        yield api


@pytest.fixture
async def pods(api: KubeApi, project: str) -> AsyncIterator[list[Pod]]:
    """Three pods of a project on a node where nothing else comes."""
    node = {"name": project, "annotations": practice()}
    await make(api, "/api/v1/nodes", "Node", node, {"unschedulable": True})
    await make(api, "/api/v1/namespaces", "Namespace", {"name": project}, {})
    for number in range(3):
        await make_pod(api, project, f"app-{number}")
    found, _ = await api.pods(node=project)
    yield sorted(found, key=lambda pod: pod.name)
    await api.ask("DELETE", f"/api/v1/namespaces/{project}")
    await api.ask("DELETE", f"/api/v1/nodes/{project}")


async def test_an_eviction_without_an_answer_may_be_asked_for_again(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    faults.strike("POST", EVICTION, Fault.CUT_AFTER)

    with pytest.raises(ApiFault):
        await api.evict(pods[0])
    again = await api.evict(pods[0])

    assert again.answer is Answer.ABSENT
    assert len(faults.accepted("POST", EVICTION)) == 1


async def test_a_pod_that_came_in_place_of_an_evicted_one_is_left_alone(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    """As with a StatefulSet: the same name, on the same node, while we do not know what happened."""
    faults.strike("POST", EVICTION, Fault.CUT_AFTER)

    with pytest.raises(ApiFault):
        await api.evict(pods[0])
    await gone(api, pods[0])
    await make_pod(api, pods[0].name.namespace, pods[0].name.name)

    assert (await api.evict(pods[0])).answer is Answer.ABSENT
    assert (await api.delete(pods[0])).answer is Answer.ABSENT
    assert len((await api.pods(node=pods[0].node))[0]) == 3


async def test_a_request_that_never_arrived_has_done_nothing(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    faults.strike("POST", EVICTION, Fault.CUT_BEFORE)

    with pytest.raises(ApiFault):
        await api.evict(pods[0])

    assert (await api.evict(pods[0])).answer is Answer.ACCEPTED


async def test_an_answer_is_not_waited_for_forever(
    faults: FaultProxy, pods: list[Pod], tmp_path: Path
) -> None:
    faults.strike("POST", EVICTION, Fault.HANG)
    server = cluster_access.server(faults.kubeconfig(tmp_path), None)

    async with KubeApi(server, timeout=0.5) as hasty:
        with pytest.raises(ApiFault, match="whether it has acted is unknown"):
            await hasty.evict(pods[0])

    assert len(faults.accepted("POST", EVICTION)) == 1


async def test_a_busy_server_is_told_from_a_budget(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    faults.answer("POST", EVICTION, 429, Retry_After="7")
    faults.answer("POST", EVICTION, 429)
    budget = said(429, "TooManyRequests", cause="DisruptionBudget")
    faults.answer("POST", EVICTION, 429, budget, Retry_After="10")
    for status in (500, 503, 504, 409):
        faults.answer("POST", EVICTION, status, said(status, "Unwell"))

    with pytest.raises(ApiFault) as busy:
        await api.evict(pods[0])
    with pytest.raises(ApiFault) as busy_too:
        await api.evict(pods[0])
    refused = await api.evict(pods[0])
    for _ in range(4):
        with pytest.raises(ApiFault):
            await api.evict(pods[0])

    assert (busy.value.retry_after, busy_too.value.retry_after) == (7, None)
    assert (refused.answer, refused.retry_after) == (Answer.REFUSED, 10)
    assert refused.message == "because of DisruptionBudget"
    assert faults.accepted("POST", EVICTION) == []


async def test_a_budget_of_the_server_refuses_and_two_of_them_overlap(
    api: KubeApi, pods: list[Pod]
) -> None:
    project = pods[0].name.namespace
    path = f"/apis/policy/v1/namespaces/{project}/poddisruptionbudgets"
    spec = {"minAvailable": 3, "selector": {"matchLabels": {"app": "web"}}}

    await make(api, path, "PodDisruptionBudget", {"name": "one"}, spec, version="policy/v1")
    await counted(api, project)
    refused = await api.evict(pods[0])
    rehearsed = await api.evict(pods[0], dry_run=True)
    await make(api, path, "PodDisruptionBudget", {"name": "two"}, spec, version="policy/v1")
    overlapping = await api.evict(pods[0])

    assert refused.answer is rehearsed.answer is Answer.REFUSED
    assert refused.message == "The disruption budget one needs 3 healthy pods and has 3 currently"
    assert overlapping.answer is Answer.OVERLAPPING


async def test_a_token_that_expired_is_shown_anew_once(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    faults.answer("POST", EVICTION, 401, said(401, "Unauthorized"))
    assert (await api.evict(pods[0])).answer is Answer.ACCEPTED

    faults.answer("POST", EVICTION, 401, said(401, "Unauthorized"), times=2)
    with pytest.raises(ApiRefused) as refused:
        await api.evict(pods[1])

    assert refused.value.status == 401
    assert refused.value.remedy
    assert faults.wharf.admin_token() not in f"{refused.value!r}"


async def test_a_watch_from_too_long_ago_expires(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    faults.answer("GET", WATCH, 410, said(410, "Expired"))

    with pytest.raises(WatchExpired):
        await anext(api.watch_pods("1", node=pods[0].node))


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.HALF_A_LINE])
async def test_a_watch_that_died_is_gone_on_with_and_misses_nothing(
    api: KubeApi, faults: FaultProxy, pods: list[Pod], fault: Fault
) -> None:
    _, revision = await api.pods(node=pods[0].node)
    faults.strike("GET", WATCH, fault)
    assert (await api.evict(pods[0])).answer is Answer.ACCEPTED

    assert [event async for event in api.watch_pods(revision, node=pods[0].node)] == []

    async with aclosing(api.watch_pods(revision, node=pods[0].node)) as events:
        told = [await anext(events) for _ in range(2)]
    assert [(event.pod and event.pod.uid, event.gone) for event in told] == [
        (pods[0].uid, False),
        (pods[0].uid, True),
    ]


async def test_a_list_that_expires_between_its_pages_is_begun_anew(
    api: KubeApi, faults: FaultProxy, pods: list[Pod]
) -> None:
    faults.answer("GET", LIST, 410, said(410, "Expired"))
    found, _ = await api.pods(node=pods[0].node)
    assert len(found) == 3

    faults.answer("GET", LIST, 410, said(410, "Expired"), times=1000)
    with pytest.raises(ApiFault):
        await api.pods(node=pods[0].node)
    faults.heal()
    assert len((await api.pods(node=pods[0].node))[0]) == 3


async def test_a_plugin_is_run_again_when_its_token_is_turned_down(
    faults: FaultProxy, tmp_path: Path
) -> None:
    """Its first token is none; the second is that of the administrator."""
    (tmp_path / "calls").touch()
    program = tmp_path / "login"
    program.write_text(PLUGIN.format(faults.wharf.admin_token()))
    program.chmod(0o700)
    path = faults.kubeconfig(tmp_path)
    file = YAML()
    config = file.load(path.read_text())
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./login",
            "interactiveMode": "Never",
        }
    }
    with path.open("w") as sink:
        file.dump(config, sink)

    async with KubeApi(cluster_access.server(path, None)) as api:
        await asyncio.gather(*(api.nodes() for _ in range(5)))

    assert (tmp_path / "calls").read_text() == "xx"


async def test_inside_a_pod_the_rights_of_the_page_are_enough(
    api: KubeApi, wharf: Wharf, pods: list[Pod], tmp_path: Path
) -> None:
    environment = {
        "HOME": str(tmp_path),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(wharf.port),
    }
    (tmp_path / "ca.crt").write_bytes(wharf.authority.read_bytes())
    lease = {"metadata": {"name": "wharfinger-maintenance", "namespace": "kube-system"}}
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

    async with token_of_the_page(api) as token:
        (tmp_path / "token").write_text(token)
        server = cluster_access.server(None, None, environment=environment, account=tmp_path)
        async with KubeApi(server, quiet=0.2) as inside:
            (node,) = [one for one in await inside.nodes() if one.name == pods[0].node]
            node = await inside.patch_node(await inside.node(node.name), {"spec": {}})
            await inside.create_event(node, reason="Tried", message="all of it", warning=False)
            await inside.budgets()
            await inside.daemon_sets()
            _, revision = await inside.pods(node=node.name)
            assert (await inside.evict(pods[0])).answer is Answer.ACCEPTED
            assert [event async for event in inside.watch_pods(revision, node=node.name)]
            with pytest.raises(ApiRefused) as refused:
                await inside.delete(pods[1])
            assert refused.value.status == 403
            await inside.ask("POST", leases, body=lease)
            found = await inside.ask("GET", f"{leases}/wharfinger-maintenance")
            await inside.ask("PUT", f"{leases}/wharfinger-maintenance", body=found)
    await api.ask("DELETE", f"{leases}/wharfinger-maintenance")


@asynccontextmanager
async def token_of_the_page(api: KubeApi) -> AsyncIterator[str]:
    """That of the account that the page makes, with the rights that it gives."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    made = []
    for each in YAML(typ="safe").load_all(block):
        path = f"/apis/{each['apiVersion']}/{each['kind'].lower()}s"
        if each["kind"] == "ServiceAccount":
            path = ACCOUNTS
        await api.ask("POST", path, body=each)
        made.append(f"{path}/{each['metadata']['name']}")
    asked: Object = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    yield (await api.ask("POST", f"{made[0]}/token", body=asked))["status"]["token"]
    for path in made:
        await api.ask("DELETE", path)


async def make(
    api: KubeApi, path: str, kind: str, metadata: object, spec: object, *, version: str = "v1"
) -> None:
    body = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
    await api.ask("POST", path, body=body)


async def make_pod(api: KubeApi, project: str, name: str) -> None:
    metadata = {"name": name, "labels": {"app": "web"}}
    account = f"/api/v1/namespaces/{project}/serviceaccounts/default"
    await until(lambda: there(api, account))  # a pod needs it, and it comes by itself
    await make(api, PODS.format(project), "Pod", metadata, pod_spec(nodeName=project))
    await until(lambda: running(api, project, name))


async def there(api: KubeApi, path: str) -> bool:
    try:
        await api.ask("GET", path)
    except NotFound:
        return False
    return True


async def running(api: KubeApi, project: str, name: str) -> bool:
    found = await api.ask("GET", f"{PODS.format(project)}/{name}")
    return bool(found["status"].get("phase") == "Running")


async def counted(api: KubeApi, project: str) -> None:
    async def expected() -> bool:
        return all(one.expected == 3 for one in await api.budgets(project))

    await until(expected)


async def gone(api: KubeApi, pod: Pod) -> None:
    path = f"{PODS.format(pod.name.namespace)}/{pod.name.name}"

    async def absent() -> bool:
        return not await there(api, path)

    await until(absent)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1500):
        if await holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("waited 30 s in vain")
