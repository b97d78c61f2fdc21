from __future__ import annotations

import io
import json

import pytest

from cli.conftest import FakeServer, document, write_kubeconfig
from wharfinger.cli import evacuate, exit_codes
from wharfinger.cli.evacuate import Asked, Ways
from wharfinger.cli.evacuate_options import TELLING
from wharfinger.cli.evacuate_run import Outcomes
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import CONNECTION, Format
from wharfinger.errors import Unavailable, WharfingerError
from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Name, Node, Pod
from wharfinger.maintenance.node.progress import Report, State
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Outcome, Verdict

NODE = "/api/v1/nodes/pier-1"
VERDICT = Verdict(Outcome.WAITS, "budget-spent", "the budget is spent", "add replicas")


def left(count: int) -> tuple[PodPlan, ...]:
    return tuple(
        PodPlan(Pod(Name("shop", f"web-{one}"), f"uid-{one}"), VERDICT) for one in range(count)
    )


def report(name: str, state: State, pods: int = 0) -> Report:
    plan = NodePlan(Node(name, "uid"), (), ())
    return Report(name, state, plan, (), left(pods), 1.0, cordoned=False, message="so it ended")


def code(outcomes: Outcomes) -> int:
    """What the command exits with."""
    asked = Asked((), "", Options(timeout=60), Ways(), TELLING, CONNECTION, Format.TABLE)
    try:
        return evacuate.conclude(outcomes, asked) or ExitCode.OK
    except WharfingerError as error:
        return exit_codes.of_error(error)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((State.EVACUATED,), 0),
        ((State.EVACUATED, State.EVACUATED), 0),
        ((State.BLOCKED,), 3),
        ((State.BLOCKED, State.BLOCKED), 3),
        ((State.EVACUATED, State.BLOCKED), 4),
        ((State.TIMED_OUT, State.EVACUATED), 4),
        ((State.TIMED_OUT,), 124),
        ((State.FAILED,), 1),
        ((State.STOPPED,), 130),
        ((State.EVACUATED, State.STOPPED), 130),
    ],
)
def test_each_end_has_its_exit_code(states, expected):
    reports = {f"pier-{at}": report(f"pier-{at}", state) for at, state in enumerate(states)}

    assert code(Outcomes(reports)) == expected


def test_a_node_that_was_not_begun_or_not_known_is_no_success():
    done = {"pier-1": report("pier-1", State.EVACUATED)}

    assert code(Outcomes(done, not_begun=["pier-2"])) == 130
    assert code(Outcomes(done, failures={"pier-2": Unavailable("no answer")})) == 4


def test_what_is_left_is_told_with_its_remedy_as_far_as_there_is_room():
    blocked = evacuate.NodeBlocked(report("pier-1", State.BLOCKED, 2))
    late = evacuate.NodeTimedOut(report("pier-1", State.TIMED_OUT, 12), 60)

    assert blocked.details == (
        "  shop/web-0, shop/web-1: the budget is spent",
        "    add replicas",
    )
    assert len(late.details) == 3
    assert late.details[0] == "so it ended"
    assert late.details[1].endswith("shop/web-9 and 2 more: the budget is spent")


# What somebody meets first


@pytest.mark.parametrize("command", [("evacuate",), ("cordon",), ("uncordon",), ("adm", "drain")])
def test_a_node_has_to_be_named_in_one_way(wharf, command):
    neither = wharf(*command)
    both = wharf(*command, "pier-1", "--selector", "zone=a")

    assert (neither.code, both.code) == (2, 2)
    assert "hint: name it, or give --selector" in neither.err


@pytest.mark.parametrize(
    "words",
    [
        ("--max-unavailable=0",),
        ("--timeout=soon",),
        ("-o", "yaml"),
        ("--webhook=hooks.test",),
        ("--pod-selector=a>1",),
        ("--request-timeout=0",),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(wharf, server, kubeconfig, words):
    found = wharf("evacuate", "pier-1", *words)

    assert found.code in (1, 2)
    assert found.err.startswith("error: ")
    assert server.seen == []


def test_without_a_kubeconfig_it_is_said_how_to_get_one(wharf):
    found = wharf("evacuate", "pier-1")

    assert found.code == 1
    assert "hint: log in with `wharf login SERVER`" in found.err


def test_a_server_that_is_not_there_is_named(wharf, home):
    write_kubeconfig(home / ".kube" / "config", "http://127.0.0.1:9")

    found = wharf("evacuate", "pier-1", "--plan")

    assert found.code == 1
    assert "127.0.0.1:9" in found.err


def test_a_right_that_is_missing_is_named_with_all_that_are_needed(wharf, server, kubeconfig):
    server.forbidden.add(NODE)

    found = wharf("evacuate", "pier-1", "--plan")

    assert found.code == 5
    assert NODE in found.err
    assert "create pods/eviction" in found.err


def test_a_login_that_has_ended_is_told(wharf, server, kubeconfig):
    server.users.clear()

    assert wharf("evacuate", "pier-1", "--plan").code == 5


def listed(*items: dict) -> tuple[int, dict, bytes]:
    return document(
        200, {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": list(items)}
    )


def node(name: str) -> dict:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": "1"}}


def test_a_node_that_is_not_there_is_answered_with_those_near_it(wharf, server, kubeconfig):
    server.replies[NODE] = document(
        404, {"kind": "Status", "reason": "NotFound", "details": {"name": "pier-1"}}
    )
    server.replies["/api/v1/nodes"] = listed(node("pier-2"), node("crane"))

    found = wharf("evacuate", "pier-1")

    assert found.code == 1
    assert found.err == "error: cannot find node 'pier-1'\nhint: is it pier-2?\n"


@pytest.fixture
def cluster(server, kubeconfig) -> FakeServer:
    """A node with one pod that nobody makes anew."""
    pod = {
        "metadata": {"name": "bare", "namespace": "shop", "uid": "uid-bare"},
        "spec": {"nodeName": "pier-1", "containers": [{"name": "app"}]},
        "status": {"phase": "Running"},
    }
    server.add(NODE)
    server.replies["/api/v1/pods"] = listed(pod)
    server.replies["/apis/policy/v1/poddisruptionbudgets"] = listed()
    return server


def test_a_plan_changes_nothing_and_says_by_its_code_that_something_stands_against_it(
    wharf, cluster
):
    found = wharf("evacuate", "pier-1", "--plan")

    assert found.code == 3
    assert "node pier-1: 1 pod blocks; so nothing would be done" in found.out
    assert found.err == ""
    assert cluster.writes() == []
    assert wharf("evacuate", "pier-1", "--plan", "--force").code == 0
    assert wharf("evacuate", "pier-1", "--dry-run").out == found.out


def test_a_plan_as_json_has_the_plan_of_each_node(wharf, cluster):
    found = wharf("evacuate", "pier-1", "--plan", "-o", "json")

    (plan,) = json.loads(found.out)["nodes"]
    assert plan["blocked"] is True
    assert plan["pods"][0]["code"] == "unmanaged"


def test_a_blocked_node_is_left_as_it_was(wharf, cluster):
    found = wharf("evacuate", "pier-1", "--no-events")

    assert found.code == 3
    assert "what stands against it:" in found.err
    assert found.out == ""
    assert cluster.writes() == []


def test_kubectl_finds_it_as_a_plugin(wharf, cluster, monkeypatch, capsys):
    from wharfinger.cli import main

    monkeypatch.setattr(
        "sys.argv", ["kubectl-evacuate", "pier-1", "--plan", "-o", "name", "--force"]
    )
    with pytest.raises(SystemExit) as ended:
        main.as_kubectl_plugin()

    assert ended.value.code == 0
    assert capsys.readouterr().out == "pod/shop/bare\n"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_sees_rows(wharf, cluster, monkeypatch):
    monkeypatch.setattr("sys.stdout", out := Screen())
    monkeypatch.setattr("sys.stderr", Screen())

    wharf("evacuate", "pier-1", "--no-events")

    assert "WHAT HOLDS" in out.getvalue()
