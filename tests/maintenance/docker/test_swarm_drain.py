import pytest

from made_containers import Time
from made_swarm import Manager, node, service, task
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.docker import host as container_host
from wharfinger.maintenance.docker import swarm, swarm_drain
from wharfinger.maintenance.docker.swarm_drain import (
    AmbiguousNode,
    NoManager,
    NotOurDrain,
    UnknownNode,
)

NOTE = Note(by="ann@pier", why="a new disk", run="r1", at="2027-01-15T08:00:00Z")
ENDED = {"state": "shutdown", "wanted": "shutdown"}


class Drain:
    """Two nodes, a service with a task on node a, and a clock on which things happen."""

    def __init__(self, *tasks, **manager):
        self.manager = Manager(
            [node("a"), node("b")], [service("web")], [*(tasks or [task("web", 1, "a")])], **manager
        )
        self.time, self.told, self.steps = Time(), [], []
        self.time.then = self._step

    def _step(self):
        if self.steps:
            self.manager.tasks = self.steps.pop(0)

    def run(self, *, force=False, limit=60.0):
        found = swarm_drain.look(self.manager)
        return swarm_drain.drain(
            self.manager,
            swarm_drain.chosen(found, "a"),
            NOTE,
            force=force,
            time=container_host.Time(self.time.seconds, self.time.sleep),
            limit=limit,
            told=self.told.append,
        )

    @property
    def node(self):
        return swarm_drain.look(self.manager).named("a")[0]


def test_a_node_is_drained_and_its_tasks_are_followed():
    drain = Drain()
    drain.steps = [
        [task("web", 1, "a", wanted="shutdown"), task("web", 1, "b", state="preparing")],
        [task("web", 1, "a", **ENDED), task("web", 1, "b", state="preparing")],
        [task("web", 1, "a", **ENDED), task("web", 1, "b")],
    ]

    ended = drain.run()

    assert (ended.left, ended.missing, ended.timed_out) == ((), {}, False)
    assert drain.told == ["node a drained", "task web.1 ended", "task web.1 runs elsewhere"]
    assert swarm.mark_of(drain.node).by == "ann@pier"


def test_a_task_without_a_place_is_believed_after_a_while_and_told():
    drain = Drain()
    waits = task("web", 1, state="pending", error="no suitable node")
    drain.steps = [[task("web", 1, "a", **ENDED), waits]]

    ended = drain.run()

    assert ended.missing == {"web.1": swarm.Missing("no suitable node", placed=False)}
    assert not ended.timed_out
    assert drain.time.now >= swarm_drain.SETTLED
    assert "task web.1 waits: no suitable node" in drain.told


def test_with_force_it_is_enough_that_the_node_is_empty():
    drain = Drain()
    waits = task("web", 1, state="pending", error="no suitable node")
    drain.steps = [[task("web", 1, "a", **ENDED), waits]]

    assert [*drain.run(force=True).missing] == ["web.1"]
    assert drain.time.now < 1


@pytest.mark.parametrize("force", [False, True])
def test_time_ends_for_a_task_that_does_not_start(force):
    drain = Drain()
    drain.steps = [[task("web", 1, "a", **ENDED), task("web", 1, "b", state="starting")]]

    ended = drain.run(force=force, limit=30)

    assert ended.timed_out
    assert [*ended.missing] == ["web.1"]


def test_time_ends_for_a_task_that_does_not_end():
    ended = Drain().run(limit=30)

    assert ended.timed_out
    assert [one.name for one in ended.left] == ["web.1"]


def test_a_drain_that_was_killed_is_gone_on_with():
    drain = Drain(task("web", 1, "a", **ENDED), task("web", 1, "b", state="starting"))
    spec = swarm.drained(drain.node, NOTE)
    drain.manager.nodes[0]["Spec"] = spec
    drain.steps = [[task("web", 1, "a", **ENDED), task("web", 1, "b")]]

    ended = drain.run()

    assert drain.told == ["task web.1 runs elsewhere"]
    assert drain.time.now > 0
    assert not ended.missing
    assert drain.manager.nodes[0]["Spec"] == spec


def test_what_ended_on_the_node_before_the_drain_does_not_hold_it():
    drain = Drain(task("web", 1, "a", **ENDED), task("web", 1, "b", state="starting"))

    assert drain.run().missing == {}


def test_a_manager_without_a_leader_is_waited_for():
    drain = Drain()
    drain.manager.then = lambda: setattr(drain.manager, "silent", 3)
    drain.steps = [[task("web", 1, "a", **ENDED), task("web", 1, "b")]]

    assert not drain.run().missing
    assert sum("no leader" in line for line in drain.told) == 1


def test_a_manager_that_stays_silent_is_lost():
    drain = Drain()
    drain.manager.then = lambda: setattr(drain.manager, "silent", 10_000)

    with pytest.raises(EngineFailed):
        drain.run(limit=0)
    assert drain.time.now >= swarm_drain.LONGEST


def test_a_change_that_came_too_late_is_made_again():
    drain = Drain(task("web", 1, "b"), late=3)

    drain.run()

    assert drain.node.availability == "drain"


def test_a_node_is_given_back_as_it_was():
    drain = Drain(task("web", 1, "b"))
    drain.manager.nodes[0]["Spec"]["Availability"] = "pause"
    drain.run()

    mark = swarm_drain.give_back(drain.manager, drain.node, force=False)

    assert mark is not None
    assert mark.why == "a new disk"
    assert drain.node.availability == "pause"
    assert swarm_drain.give_back(drain.manager, drain.node, force=False) is None


def test_the_drain_of_somebody_else_is_left_unless_forced():
    manager = Manager([node("a", Availability="drain")])
    (found,) = swarm_drain.look(manager).nodes

    with pytest.raises(NotOurDrain):
        swarm_drain.give_back(manager, found, force=False)
    swarm_drain.give_back(manager, found, force=True)

    assert swarm_drain.look(manager).nodes[0].availability == "active"


def test_a_node_is_found_by_name_or_id_if_there_is_one():
    twins = [node("a"), {**node("a"), "ID": "id-other"}, node("b")]
    found = swarm.read(twins, [], [])

    assert swarm_drain.chosen(found, "id-other").id == "id-other"
    with pytest.raises(AmbiguousNode):
        swarm_drain.chosen(found, "a")
    with pytest.raises(UnknownNode):
        swarm_drain.chosen(found, "c")


def test_an_engine_that_is_no_manager_is_told_so():
    class Worker(Manager):
        def get(self, path, what):
            raise EngineFailed(what, "This node is not a swarm manager", status=503)

    with pytest.raises(NoManager):
        swarm_drain.look(Worker([]))
