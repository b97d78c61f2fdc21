from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Name, Node, Pod
from wharfinger.maintenance.node import drain_metrics
from wharfinger.maintenance.node.drain_metrics import RUNNING, Standing
from wharfinger.maintenance.node.progress import Report, State
from wharfinger.maintenance.verdict import Outcome, Verdict


def samples(*standings: Standing) -> dict[tuple[str, ...], float]:
    """Read as Prometheus does; each by its name and its labels' values."""
    families = text_string_to_metric_families(drain_metrics.text(standings, now=1_800_000_000.4))
    return {
        (sample.name.removeprefix("wharfinger_drain_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_blocked_pods_are_counted_by_node_and_reason():
    found = samples(
        Standing("pier-1", held={"budget-spent": 2, "not-ready": 1}, left=3, gone=4, seconds=12.5),
        Standing("pier-2"),
    )

    assert found["blocked_pods", "pier-1", "budget-spent"] == 2
    assert found["blocked_pods", "pier-1", "not-ready"] == 1
    assert found["pods_left", "pier-1"] == 3
    assert found["pods_gone", "pier-1"] == 4
    assert found["duration_seconds", "pier-1"] == 12.5
    assert found["written_timestamp_seconds",] == 1_800_000_000
    assert [key for key in found if key[:2] == ("blocked_pods", "pier-2")] == []


def test_a_node_is_in_one_state():
    found = samples(Standing("pier-1"), Standing("pier-2", state=str(State.TIMED_OUT)))

    states = {key[1:]: value for key, value in found.items() if key[0] == "state"}
    assert {key for key, value in states.items() if value} == {
        ("pier-1", RUNNING),
        ("pier-2", "timed-out"),
    }
    assert len(states) == 2 * (len(State) + 1)


def test_a_report_becomes_the_last_standing():
    verdict = Verdict(Outcome.WAITS, "budget-never", "never")
    left = tuple(PodPlan(Pod(Name("shop", name), name), verdict) for name in ("a", "b"))
    plan = NodePlan(Node("pier-1", "uid"), left, ())
    report = Report(
        "pier-1", State.BLOCKED, plan, (), left, 2.5, cordoned=True, message="two are left"
    )

    assert Standing.at_end(report) == Standing(
        "pier-1", "blocked", seconds=2.5, gone=0, left=2, held={"budget-never": 2}
    )


def test_no_name_breaks_the_format():
    name = 'a"b\\c\nd'

    assert samples(Standing(name, left=1))["pods_left", name] == 1
