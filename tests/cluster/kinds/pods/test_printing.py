"""Pods are printed as kubectl has long done it."""

from datetime import UTC, datetime

import pytest

from wharfinger.cluster import tables
from wharfinger.cluster.kinds.pods import POD

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUNNING = {"state": {"running": {}}, "ready": True}
DONE = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
READY = {"type": "Ready", "status": "True"}
DELETED = {"deletionTimestamp": "2026-01-01T12:00:00Z"}


def cells(pod):
    table = tables.table(POD, [pod], NOW)
    names = [column["name"] for column in table["columnDefinitions"]]
    return dict(zip(names, table["rows"][0]["cells"], strict=True))


def pod(*containers, before=(), spec=None, metadata=None, **status):
    return {
        "metadata": {"name": "x", "creationTimestamp": "2026-01-01T11:59:00Z", **(metadata or {})},
        "spec": {
            "containers": [{"name": str(index)} for index in range(len(containers) or 1)],
            "initContainers": [
                {"name": str(index), **({"restartPolicy": "Always"} if one.get("stays") else {})}
                for index, one in enumerate(before)
            ],
            **(spec or {}),
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [*containers],
            "initContainerStatuses": [
                {"name": str(index), **one} for index, one in enumerate(before)
            ],
            **status,
        },
    }


def test_the_columns_are_those_of_kubectl():
    table = tables.table(POD, [], NOW)

    assert [(one["name"], one["priority"]) for one in table["columnDefinitions"]] == [
        ("Name", 0),
        ("Ready", 0),
        ("Status", 0),
        ("Restarts", 0),
        ("Age", 0),
        ("IP", 1),
        ("Node", 1),
        ("Nominated Node", 1),
        ("Readiness Gates", 1),
    ]


def test_a_new_pod_has_little_to_tell():
    assert cells(pod(phase="Pending")) == {
        "Name": "x",
        "Ready": "0/1",
        "Status": "Pending",
        "Restarts": "0",
        "Age": "60s",
        "IP": "<none>",
        "Node": "<none>",
        "Nominated Node": "<none>",
        "Readiness Gates": "<none>",
    }


def test_the_wide_columns_tell_where_it_is():
    found = cells(
        pod(
            RUNNING,
            spec={
                "nodeName": "n",
                "readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}],
            },
            podIPs=[{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
            nominatedNodeName="m",
            conditions=[{"type": "a", "status": "True"}, {"type": "b", "status": "False"}],
        )
    )

    assert (found["IP"], found["Node"]) == ("10.0.0.1", "n")
    assert (found["Nominated Node"], found["Readiness Gates"]) == ("m", "1/2")


def waiting(reason):
    return {"state": {"waiting": {"reason": reason}}}


def ended(**fields):
    return {"state": {"terminated": fields}}


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (pod(RUNNING), "Running"),
        (pod(reason="Evicted", phase="Failed"), "Evicted"),
        (pod(waiting("CrashLoopBackOff")), "CrashLoopBackOff"),
        (pod(RUNNING, waiting("ImagePullBackOff")), "ImagePullBackOff"),
        (pod(waiting("A"), waiting("B")), "A"),
        (pod(ended(exitCode=1, reason="Error")), "Error"),
        (pod(ended(exitCode=1)), "ExitCode:1"),
        (pod(ended(exitCode=137, signal=9)), "Signal:9"),
        (pod(DONE), "Completed"),
        (pod(DONE, RUNNING, conditions=[READY]), "Running"),
        (pod(DONE, RUNNING), "NotReady"),
        (
            pod(
                phase="Pending",
                conditions=[
                    {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
                ],
            ),
            "SchedulingGated",
        ),
        (pod(RUNNING, metadata=DELETED), "Terminating"),
        (pod(DONE, metadata=DELETED, phase="Succeeded"), "Completed"),
        (pod(RUNNING, metadata=DELETED, reason="NodeLost"), "Unknown"),
        (pod(before=[{"state": {"running": {}}}, {}]), "Init:0/2"),
        (pod(before=[DONE, waiting("PodInitializing")]), "Init:1/2"),
        (pod(before=[waiting("ImagePullBackOff")]), "Init:ImagePullBackOff"),
        (pod(before=[ended(exitCode=2)]), "Init:ExitCode:2"),
        (pod(before=[ended(exitCode=137, signal=9)]), "Init:Signal:9"),
        (pod(before=[ended(exitCode=1, reason="OOMKilled")]), "Init:OOMKilled"),
        (pod(RUNNING, before=[DONE, DONE]), "Running"),
        (pod(RUNNING, before=[{**RUNNING, "started": True, "stays": True}]), "Running"),
        (pod(before=[{"state": {"running": {}}, "stays": True}]), "Init:0/1"),
        ({"metadata": {"name": "x"}}, ""),
    ],
)
def test_one_word_says_how_a_pod_is(found, status):
    assert cells(found)["Status"] == status


def test_containers_that_stay_beside_the_others_count():
    aside = {**RUNNING, "started": True, "stays": True, "restartCount": 2}
    found = cells(pod({**RUNNING, "restartCount": 1}, before=[{**DONE, "restartCount": 5}, aside]))

    assert (found["Ready"], found["Restarts"]) == ("2/2", "3")


def test_the_restarts_of_what_runs_before_are_told_until_it_is_through():
    found = cells(pod(RUNNING, before=[{**waiting("CrashLoopBackOff"), "restartCount": 4}]))

    assert (found["Ready"], found["Restarts"]) == ("0/1", "4")


def test_the_last_restart_is_told():
    def restarted(count, at):
        return {**RUNNING, "restartCount": count, "lastState": {"terminated": {"finishedAt": at}}}

    found = pod(restarted(1, "2026-01-01T10:00:00Z"), restarted(2, "2026-01-01T11:58:00Z"))

    assert cells(found)["Restarts"] == "3 (2m ago)"
    assert cells(found)["Ready"] == "2/2"


def test_fields_are_selected_as_kubernetes_names_them():
    made = pod(
        RUNNING,
        spec={"nodeName": "n", "hostNetwork": True, "schedulerName": "s"},
        podIP="10.0.0.1",
    )

    values = {name: value(made) for name, value in POD.selectable.items()}

    assert values == {
        "spec.hostNetwork": "true",
        "spec.nodeName": "n",
        "spec.restartPolicy": "",
        "spec.schedulerName": "s",
        "spec.serviceAccountName": "",
        "status.nominatedNodeName": "",
        "status.phase": "Running",
        "status.podIP": "10.0.0.1",
        "status.podIPs": "10.0.0.1",
    }
    assert POD.selectable["spec.hostNetwork"](pod()) == "false"
