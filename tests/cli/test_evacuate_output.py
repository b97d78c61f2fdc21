from __future__ import annotations

from datetime import UTC, datetime

from wharfinger.cli import evacuate_output
from wharfinger.cli.options import Format
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.model import Budget, Cluster, Name, Node, Owner, Pod
from wharfinger.maintenance.options import Options

NOW = datetime(2027, 1, 15, tzinfo=UTC)
WEB = Owner("ReplicaSet", "web")


def pod(name: str, **more) -> Pod:
    fields = {"uid": f"uid-{name}", "node": "pier-1", "labels": {"app": "web"}, "owner": WEB}
    return Pod(Name("shop", name), **{**fields, **more})


def plan(*pods: Pod, budgets: tuple[Budget, ...] = (), **options) -> NodePlan:
    cluster = Cluster({"pier-1": Node("pier-1", "uid")}, pods, budgets, frozenset())
    return Explainer(cluster, Options(**options), NOW).node("pier-1")


def budget(**more) -> Budget:
    fields = {"healthy": 3, "desired": 3, "expected": 4, "wanted": "minAvailable: 3"}
    selector = {"matchLabels": {"app": "web"}}
    return Budget(Name("shop", "keep"), "uid", selector, **{**fields, **more})


BARE = pod("bare", owner=None)
CACHE = pod("cache", labels={}, empty_dirs=("cache", "tmp"))


def rows(text: str) -> dict[str, str]:
    return {line.split("   ")[0].strip(): line for line in text.splitlines() if line}


def test_each_pod_has_a_row_with_what_is_lost_and_who_is_asked():
    found = plan(pod("web-1"), CACHE, budgets=(budget(allowed=1),), delete_empty_dir_data=True)

    text = evacuate_output.text(found)

    assert text.startswith("node pier-1: 2 pods go\n")
    assert "goes   ReplicaSet web makes another one" in rows(text)["shop/web-1"]
    assert rows(text)["shop/web-1"].endswith("keep")
    assert "cache, tmp   -" in rows(text)["shop/cache"]
    assert rows(text)["shop/keep"].split("   ")[1] == "minAvailable: 3"


def test_who_else_uses_a_budget_up_is_named():
    away = pod("web-2", node="pier-2", ready=False)
    text = evacuate_output.text(plan(pod("web-1"), away, budgets=(budget(),)))

    assert "waits" in rows(text)["shop/web-1"]
    assert rows(text)["shop/keep"].endswith("shop/web-2 (not ready on pier-2)")


def test_what_stands_against_it_comes_with_its_remedy_once_per_cause():
    second = pod("bare-2", owner=None)
    text = evacuate_output.text(plan(BARE, second, CACHE))

    head, _, against = text.partition("what stands against it:\n")
    assert head.startswith("node pier-1: 3 pods block; so nothing would be done\n")
    lines = against.splitlines()
    assert lines[0].startswith("  shop/bare, shop/bare-2: it has no controller")
    assert "--force" in lines[1]
    assert "--delete-emptydir-data" in lines[3]
    assert len(lines) == 4


def test_a_summary_counts_what_becomes_of_pods():
    mirror = pod("static", mirror=True)

    assert evacuate_output.summary(plan()) == "no pods"
    assert evacuate_output.summary(plan(pod("a"))) == "1 pod goes"
    assert (
        evacuate_output.summary(
            plan(pod("a"), pod("b"), pod("c"), mirror, budgets=(budget(allowed=2),))
        )
        == "2 pods go, 1 waits, 1 stays"
    )


def test_names_cannot_act_on_the_terminal():
    text = evacuate_output.text(plan(pod("evil\x1b[2J", owner=None)))

    assert "\x1b" not in text
    assert "evil\\x1b[2J" in text


def test_a_program_gets_documents_and_names(capsys):
    evacuate_output.show([plan(pod("web-1"), BARE)], Format.NAME)
    assert capsys.readouterr().out == "pod/shop/web-1\n"

    evacuate_output.show([plan(BARE)], Format.YAML)
    assert "code: unmanaged" in capsys.readouterr().out
