import pytest

from made_swarm import node, service, task
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.docker import swarm
from wharfinger.maintenance.verdict import Outcome

NOTE = Note(by="ann@pier", why="a new disk", run="r1", at="2027-01-15T08:00:00Z")


def judged(of, *others, force=False, on="a"):
    """The verdict on the task of a service on node a, beside other nodes."""
    one = task(of["Spec"]["Name"], 1, on)
    found = swarm.read([node("a"), *others], [of], [one])
    (planned,) = swarm.plan(found, found.named("a")[0], force=force)
    return planned.verdict


def only(document):
    return swarm.read([document], [], []).nodes[0]


def test_a_task_of_a_replicated_service_moves():
    verdict = judged(service("web"), node("b"))

    assert (verdict.outcome, verdict.code, verdict.warning) == (Outcome.GOES, "moves", "")


def test_one_task_is_told_to_be_down_in_between_and_volumes_to_stay():
    verdict = judged(service("db", replicas=1, volume="data"), node("b"))

    assert "data" in verdict.warning
    assert "down" in verdict.warning


@pytest.mark.parametrize("mode", ["Global", "GlobalJob"])
def test_a_service_on_each_node_ends_here(mode):
    assert judged(service("log", mode={mode: {}}), node("b")).code == "global"


def test_a_task_that_nobody_makes_anew_is_held():
    once = service("once", restart="none")

    assert judged(once, node("b")).outcome is Outcome.BLOCKS
    assert judged(once, node("b"), force=True).outcome is Outcome.GOES


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [
        ("node.hostname==a", False),
        ("node.hostname == B", True),
        ("node.hostname!=b", False),
        ("node.id==id-b", True),
        ("node.role==manager", False),
        ("node.role != manager", True),
        ("node.labels.zone==east", True),
        ("node.labels.zone==west", False),
        ("node.labels.other==x", False),
        ("node.labels.other!=x", True),
        ("engine.labels.disk==ssd", True),
        ("engine.labels.disk!=ssd", False),
        ("node.ip==10.0.0.0/8", True),
        ("what is this", True),
    ],
)
def test_constraints_decide_whether_another_node_can_take_it(constraint, fits):
    verdict = judged(service("web", constraint), node("b", Labels={"zone": "east"}))

    assert verdict.code == ("moves" if fits else "no-other-node")
    if not fits:
        assert constraint in verdict.reason


@pytest.mark.parametrize(
    "other",
    [node("b", ready=False), node("b", Availability="drain"), node("b", Availability="pause")],
)
def test_a_node_that_takes_nothing_is_none(other):
    assert judged(service("web"), other).code == "no-other-node"


def test_what_has_ended_is_not_there():
    ended = task("web", 1, "a", state="shutdown", wanted="shutdown")
    found = swarm.read([node("a"), node("b")], [service("web")], [ended])

    assert swarm.plan(found, found.nodes[0]) == ()


def test_the_last_majority_of_managers_is_warned_of():
    managers = [node(name, role="manager") for name in "abc"]
    alone = swarm.read(managers[:1], [], [])
    three = swarm.read(managers, [], [])

    assert "the only manager" in next(swarm.warnings(alone, alone.nodes[0]))
    assert [*swarm.warnings(three, three.nodes[0])] == []


@pytest.mark.parametrize("before", ["active", "pause"])
def test_a_node_becomes_what_it_was(before):
    was = node("a", Availability=before, Labels={"zone": "east"})

    spec = swarm.drained(only(was), NOTE)
    drained = only({**was, "Spec": spec})

    assert spec["Availability"] == "drain"
    assert spec["Labels"]["zone"] == "east"
    assert swarm.mark_of(drained).why == "a new disk"
    assert swarm.drained(drained, NOTE) is None
    assert swarm.returned(drained) == was["Spec"]


def test_the_drain_of_somebody_else_is_not_taken_away():
    theirs = only(node("a", Availability="drain"))

    assert swarm.mark_of(theirs) is None
    assert swarm.returned(theirs) is None
    assert swarm.returned(theirs, force=True)["Availability"] == "active"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"by": "x"}', "no"])
def test_a_label_that_is_not_ours_is_no_mark(text):
    changed = only(node("a", Availability="drain", Labels={swarm.LABEL: text}))

    assert swarm.mark_of(changed) is None
    assert swarm.returned(changed) is None


def test_a_mark_on_a_node_that_is_not_drained_is_over():
    spec = swarm.drained(only(node("a")), NOTE)
    stale = only(node("a", **{**spec, "Availability": "active"}))

    assert swarm.mark_of(stale) is None
    assert swarm.returned(stale)["Labels"] == {}
    assert swarm.returned(only(node("a"))) is None


def lacking(of, *tasks):
    """What is missing of the first task's slot, which was on node a."""
    found = swarm.read([node("a"), node("b")], [of], tasks)
    gone = [one for one in found.tasks if one.node == "id-a"]
    return swarm.missing(found, gone, found.nodes[0])


GONE = task("web", 1, "a", state="shutdown", wanted="shutdown")


@pytest.mark.parametrize(
    ("of", "other"),
    [
        (service("web"), task("web", 1, "b")),
        (service("web"), task("web", 1, "b", state="complete", wanted="shutdown")),
        (service("web", replicas=0), task("web", 2, "b")),
        (service("web", mode={"Global": {}}), task("web", 2, "b")),
        (service("web", restart="none"), task("web", 2, "b")),
        (service("else"), task("else", 1, "b")),
    ],
)
def test_what_runs_elsewhere_or_shall_not_run_is_not_missing(of, other):
    assert lacking(of, GONE, other) == {}


@pytest.mark.parametrize(
    ("other", "why", "placed"),
    [
        (task("web", 2, "b"), "", True),
        (task("web", 1, "b", state="preparing"), "", True),
        (task("web", 1, "a"), "", True),
        (task("web", 1, state="pending", error="no suitable node"), "no suitable node", False),
        (task("web", 1, "b", state="rejected", error="no such image"), "no such image", True),
    ],
)
def test_what_does_not_run_elsewhere_is_missing_with_what_is_said_of_it(other, why, placed):
    assert lacking(service("web"), GONE, other) == {"web.1": swarm.Missing(why, placed=placed)}
