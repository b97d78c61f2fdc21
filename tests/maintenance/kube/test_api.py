"""What is asked of an API, and what is made of its lists and watches."""

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from scripted_api import serving
from wharfinger.errors import AlreadyExists, Conflict
from wharfinger.maintenance.api import Answer, ApiFault, ApiRefused, NodeUnknown, WatchExpired
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Name, Node, Pod

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
POD = Pod(Name("quay", "web-1"), "u-1", node="pier-1")
NODE = Node("pier-1", "u-9", revision="7", annotations={})
ACCEPTED = {"kind": "Status", "status": "Success"}


@pytest.fixture
async def script():
    async with serving() as script:
        yield script


@pytest.fixture
async def api(script):
    async with KubeApi(script.server, timeout=10, quiet=0.1, now=lambda: NOON) as api:
        yield api


def pod(name: str, *, revision: str = "1", **metadata) -> dict:
    told = {"namespace": "quay", "name": name, "uid": f"u-{name}", "resourceVersion": revision}
    return {"metadata": {**told, **metadata}, "spec": {"nodeName": "pier-1"}, "status": {}}


def page(*items, more: str = "", revision: str = "9") -> dict:
    return {"metadata": {"resourceVersion": revision, "continue": more}, "items": items}


def failure(code: int, reason: str = "", **details) -> dict:
    told = {"code": code, "reason": reason, "message": "so it is", "details": details}
    return {"kind": "Status", **told}


def resources(*versions: str) -> dict:
    """The discovery document of core/v1, with evictions of these versions."""
    found = [
        {"name": "pods/eviction", "group": "policy", "version": version} for version in versions
    ]
    return {"resources": [{"name": "pods"}, *found]}


def lines(*events: tuple[str, dict]) -> bytes:
    told = [json.dumps({"type": kind, "object": obj}) for kind, obj in events]
    return "".join(f"{line}\n" for line in told).encode()


async def test_the_pods_of_a_node_come_in_pages_of_one_revision(api, script):
    script.says(page(pod("a"), pod("b"), more="next&page"))
    script.says(page(pod("c")))

    pods, revision = await api.pods(node="pier-1")

    assert [str(one.name) for one in pods] == ["quay/a", "quay/b", "quay/c"]
    assert revision == "9"
    first = {"limit": "500", "fieldSelector": "spec.nodeName=pier-1"}
    assert [seen.query for seen in script.seen] == [first, {**first, "continue": "next&page"}]
    assert {seen.path for seen in script.seen} == {"/api/v1/pods"}


async def test_a_namespace_and_a_selector_narrow_a_list(api, script):
    for _ in range(4):
        script.says(page())

    await api.pods(namespace="quay")
    await api.nodes("pool in (a,b)")
    await api.daemon_sets("quay")
    await api.budgets("quay")

    assert [seen.path for seen in script.seen] == [
        "/api/v1/namespaces/quay/pods",
        "/api/v1/nodes",
        "/apis/apps/v1/namespaces/quay/daemonsets",
        "/apis/policy/v1/namespaces/quay/poddisruptionbudgets",
    ]
    assert script.seen[1].query == {"limit": "500", "labelSelector": "pool in (a,b)"}


async def test_a_list_that_expired_between_two_pages_is_begun_anew_without_doubles(api, script):
    script.says(page(pod("a"), more="x", revision="5"))
    script.says(failure(410, "Expired"), 410)
    script.says(page(pod("a"), pod("b"), revision="9"))

    pods, revision = await api.pods()

    assert ([one.name.name for one in pods], revision) == (["a", "b"], "9")
    for _ in range(2):
        script.says(failure(410, "Expired"), 410)
    with pytest.raises(ApiFault):
        await api.pods()


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", [], {}, {"items": []}, page("a"), page({"metadata": {"name": 7}}), page({})],
)
async def test_what_is_no_list_is_a_fault(api, script, answer):
    script.says(answer)

    with pytest.raises(ApiFault):
        await api.pods()


async def test_budgets_are_looked_for_in_the_older_version_and_may_be_absent(api, script):
    script.says(failure(404), 404)
    script.says(page({"metadata": {"name": "web", "namespace": "quay"}, "spec": {}}))
    assert [str(one.name) for one in await api.budgets()] == ["quay/web"]

    for _ in range(2):
        script.says(failure(404), 404)
    assert await api.budgets() == []

    assert [seen.path for seen in script.seen[1:]] == [
        "/apis/policy/v1beta1/poddisruptionbudgets",
        "/apis/policy/v1/poddisruptionbudgets",
        "/apis/policy/v1beta1/poddisruptionbudgets",
    ]


async def test_a_node_is_read_and_missed_by_name(api, script):
    script.says({"metadata": {"name": "pier-1", "uid": "u-9"}, "spec": {"unschedulable": True}})
    script.says(failure(404, name="a/b"), 404)

    found = await api.node("pier-1")
    with pytest.raises(NodeUnknown):
        await api.node("a/b")

    assert (found.uid, found.schedulable) == ("u-9", False)
    assert script.seen[1].path == "/api/v1/nodes/a%2Fb"


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"<html>no such route</html>", 404), (failure(404, name="pier-2"), 404), ({}, 200)],
)
async def test_a_node_that_the_api_does_not_speak_of_may_still_be_there(
    api, script, answer, status
):
    script.says(answer, status)

    with pytest.raises(ApiFault):
        await api.node("pier-1")


async def test_what_has_no_pods_and_nodes_is_no_cluster(api, script):
    for _ in range(6):
        script.says(b"404 page not found", 404)

    for asked in (
        api.nodes(),
        api.pods(),
        api.daemon_sets(),
        anext(api.watch_pods("1")),
        api.evict(POD),
        api.create_event(NODE, reason="A", message="b", warning=False),
    ):
        with pytest.raises(ApiRefused) as refused:
            await asked
        assert refused.value.remedy


@pytest.mark.parametrize(
    ("known", "sent"),
    [(("v1beta1", "v1"), "policy/v1"), (("v1beta1",), "policy/v1beta1")],
)
async def test_an_eviction_is_sent_as_the_cluster_knows_it_which_is_asked_once(
    api, script, known, sent
):
    script.says(resources(*known))
    for _ in range(3):
        script.says(ACCEPTED, 201)

    done = await asyncio.gather(*(api.evict(POD) for _ in range(3)))

    assert [one.answer for one in done] == [Answer.ACCEPTED] * 3
    asked, *evictions = script.seen
    assert asked.path == "/api/v1"
    assert {(seen.method, seen.path) for seen in evictions} == {
        ("POST", "/api/v1/namespaces/quay/pods/web-1/eviction")
    }
    assert evictions[0].body == {
        "apiVersion": sent,
        "kind": "Eviction",
        "metadata": {"name": "web-1", "namespace": "quay"},
        "deleteOptions": {"preconditions": {"uid": "u-1"}},
    }


async def test_a_cluster_without_evictions_is_left_alone(api, script):
    script.says(resources())

    with pytest.raises(ApiRefused) as refused:
        await api.evict(POD)

    assert refused.value.remedy
    assert len(script.seen) == 1


async def test_grace_and_rehearsal_are_options_of_the_deletion(api, script):
    script.says(resources("v1"))
    for _ in range(3):
        script.says(ACCEPTED, 201)

    await api.evict(POD, grace=0, dry_run=True)
    await api.delete(POD, grace=5, dry_run=True)
    await api.delete(POD)

    _, evicted, *deleted = script.seen
    uid = {"preconditions": {"uid": "u-1"}}
    kind = {"apiVersion": "v1", "kind": "DeleteOptions"}
    assert evicted.body["deleteOptions"] == {**uid, "gracePeriodSeconds": 0, "dryRun": ["All"]}
    assert [seen.body for seen in deleted] == [
        {**kind, **uid, "gracePeriodSeconds": 5, "dryRun": ["All"]},
        {**kind, **uid},
    ]
    assert {(seen.method, seen.path) for seen in deleted} == {
        ("DELETE", "/api/v1/namespaces/quay/pods/web-1")
    }


async def test_a_node_is_changed_only_as_it_was_looked_at(api, script):
    script.says({"metadata": {"name": "pier-1", "resourceVersion": "8"}})
    script.says(failure(409, "Conflict"), 409)
    script.says(failure(404, name="pier-1"), 404)
    patch = {"spec": {"unschedulable": True}, "metadata": {"annotations": {"a": None}}}

    assert (await api.patch_node(NODE, patch)).revision == "8"
    for kind in (Conflict, NodeUnknown):
        with pytest.raises(kind):
            await api.patch_node(NODE, patch)

    seen = script.seen[0]
    assert (seen.method, seen.path) == ("PATCH", "/api/v1/nodes/pier-1")
    assert seen.headers["Content-Type"] == "application/merge-patch+json"
    exact = {"uid": "u-9", "resourceVersion": "7"}
    assert seen.body == {**patch, "metadata": {"annotations": {"a": None}, **exact}}


async def test_an_event_tells_of_the_node_when_and_how_bad(api, script):
    for _ in range(2):
        script.says({}, 201)

    await api.create_event(NODE, reason="Evacuated", message="all is gone", warning=False)
    await api.create_event(NODE, reason="Blocked", message="x" * 9000, warning=True)

    first, second = (seen.body for seen in script.seen)
    assert script.seen[0].path == "/api/v1/namespaces/default/events"
    assert first["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Node",
        "name": "pier-1",
        "uid": "u-9",
    }
    assert (first["type"], first["reason"], first["message"]) == (
        "Normal",
        "Evacuated",
        "all is gone",
    )
    assert first["lastTimestamp"] == "2026-11-23T12:00:00Z"
    assert (second["type"], len(second["message"])) == ("Warning", 1024)
    assert first["metadata"]["name"] != second["metadata"]["name"]


async def test_any_object_can_be_asked_for(api, script):
    script.says({"kind": "Lease"}, 201)
    script.says(failure(409, "AlreadyExists"), 409)

    assert await api.ask("POST", "/a", query={"b": "c"}, body={"d": 1}) == {"kind": "Lease"}
    with pytest.raises(AlreadyExists):
        await api.ask("POST", "/a", body={"d": 1})

    assert (script.seen[0].query, script.seen[0].body) == ({"b": "c"}, {"d": 1})


async def watched(api: KubeApi, revision: str = "5") -> list:
    return [event async for event in api.watch_pods(revision, node="pier-1")]


async def test_a_watch_tells_what_changed_and_up_to_where_nothing_did(api, script):
    script.streams(
        lines(
            ("ADDED", pod("a", revision="6")),
            ("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "8"}}),
            ("DELETED", pod("a", revision="9")),
            ("SOMETHING NEW", {}),
        )
    )

    told = await watched(api)

    assert [(one.revision, one.pod and one.pod.uid, one.gone) for one in told] == [
        ("6", "u-a", False),
        ("8", None, False),
        ("9", "u-a", True),
    ]
    assert script.seen[0].query == {
        "watch": "1",
        "resourceVersion": "5",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
        "fieldSelector": "spec.nodeName=pier-1",
    }


async def test_lines_of_any_length_come_in_any_pieces_and_the_last_may_be_cut(api, script):
    labels = {"l": "x" * 300_000}
    text = lines(("ADDED", pod("a", labels=labels)), ("ADDED", pod("b")), ("ADDED", pod("c")))
    pieces = [text[start : start + 65_000] for start in range(0, len(text) - 30, 65_000)]
    script.streams(b"\n", *pieces[:-1], pieces[-1][:-9])

    assert [one.pod.name.name for one in await watched(api)] == ["a", "b"]


async def test_a_silent_watch_ends(api, script):
    script.streams(lines(("ADDED", pod("a"))), then_hangs=True)

    assert len(await watched(api)) == 1


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (("ERROR", failure(410, "Expired")), WatchExpired),
        (("ERROR", failure(500, "InternalError")), ApiFault),
        (("ERROR", {}), ApiFault),
        (("ADDED", {"metadata": {}}), ApiFault),
        (("ADDED", {"metadata": {"name": "a", "resourceVersion": None}}), ApiFault),
        (("ADDED", {"metadata": {"name": "a", "resourceVersion": "1", "labels": 7}}), ApiFault),
    ],
)
async def test_an_error_in_a_watch_comes_after_what_was_told(api, script, event, kind):
    script.streams(lines(("ADDED", pod("a")), event))

    async with aclosing(api.watch_pods("5")) as events:
        told = await anext(events)
        with pytest.raises(kind) as error:
            await anext(events)

    assert told.pod.name.name == "a"
    assert type(error.value) is kind


@pytest.mark.parametrize("line", [b"{}\n", b"[]\n", b"<html>\n", b'{"type": 7}\n'])
async def test_a_line_that_is_no_event_is_a_fault(api, script, line):
    script.streams(line)

    with pytest.raises(ApiFault):
        await watched(api)


async def test_a_line_without_an_end_is_a_fault(api, script, monkeypatch):
    monkeypatch.setattr("wharfinger.maintenance.kube.watch.ANSWER_LIMIT", 1000)
    script.streams(b"x" * 600, b"x" * 600)

    with pytest.raises(ApiFault):
        await watched(api)


@pytest.mark.parametrize(
    ("status", "kind"), [(410, WatchExpired), (302, ApiRefused), (403, ApiRefused), (503, ApiFault)]
)
async def test_a_watch_may_be_refused(api, script, status, kind):
    script.says(failure(status), status)

    with pytest.raises(kind):
        await watched(api)


async def test_a_watch_that_nobody_reads_on_gives_its_connection_back(api, script):
    script.streams(lines(("ADDED", pod("a"))), then_hangs=True)

    async with aclosing(api.watch_pods("5")) as events:
        assert (await anext(events)).pod is not None

    script.says(page())
    assert await api.pods() == ([], "9")
