from __future__ import annotations

import signal
import stat
from contextlib import suppress
from dataclasses import replace

import pytest

import made_steps
from fake_host import FakeHost, FullDisk, SteppedDisk
from made_steps import Bench, grow, made, make, order, remove
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host import journal as files_journal
from wharfinger.hosts.on_host.journal import HostLocked, JournalUnreadable
from wharfinger.hosts.on_host.states import DiskFull
from wharfinger.hosts.on_host.storage import errors, journal, run
from wharfinger.hosts.on_host.storage.facts import Device, Engine
from wharfinger.hosts.on_host.storage.outcomes import Ending
from wharfinger.hosts.on_host.storage.work import Refused


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "made").mkdir()
    return FakeHost(tmp_path)


@pytest.fixture
def means(bench):
    """What each call of the engine gets."""
    return {"workers": bench.workers(), "read": lambda _: made_steps.FACTS}


def test_an_order_is_done_from_its_first_step_to_its_last(machine, means, bench):
    told = []

    outcome = run.apply(order(make("a"), grow("a")), machine, say=told.append, **means)

    assert (outcome.id, outcome.ending, outcome.done) == ("000001", Ending.APPLIED, 2)
    assert outcome.steps == ("make volume docker/a", "extend volume docker/a")
    assert outcome.proven == ("a is there",)
    assert made(machine) == ["a", "a.grown"]
    assert [(one.step, one.steps, one.what, one.done, one.whole) for one in told] == [
        (1, 2, "", 0, 0),
        (1, 2, "writing", 1, 2),
        (2, 2, "", 0, 0),
        (2, 2, "writing", 1, 2),
    ]
    assert run.history(machine) == [outcome]
    assert run.unfinished(machine) is None


def test_an_order_without_steps_leaves_nothing_on_the_host(machine, means):
    outcome = run.apply(order(), machine, **means)

    assert outcome.ending is Ending.NOTHING_TO_DO
    assert not machine.files.names("/var")


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (replace(made_steps.FACTS, devices=()), "device /dev/vdb"),
        (
            replace(
                made_steps.FACTS,
                groups=(replace(made_steps.FACTS.groups[0], name="other"),),
            ),
            "volume group other",
        ),
    ],
)
def test_an_order_whose_facts_have_changed_is_refused(machine, bench, found, name):
    with pytest.raises(errors.FactsChanged) as caught:
        run.apply(order(make("a")), machine, workers=bench.workers(), read=lambda _: found)

    assert caught.value.subjects == (name,)
    assert (made(machine), run.history(machine)) == ([], [])


def test_nothing_is_begun_that_a_worker_refuses(machine, means, bench):
    bench.refuses = {"b"}

    with pytest.raises(Refused):
        run.apply(order(make("a"), make("b")), machine, **means)

    assert (made(machine), run.history(machine)) == ([], [])


def test_a_step_that_fails_sends_the_order_back(machine, means, bench):
    bench.fails = {"c"}

    outcome = run.apply(order(make("a"), make("b"), make("c")), machine, **means)

    assert (outcome.ending, outcome.done) == (Ending.ROLLED_BACK, 0)
    assert "no room in the group" in outcome.trouble
    assert bench.did == ["a", "b", "c", "back c", "back b", "back a"]
    assert made(machine) == []
    assert run.unfinished(machine) is None
    assert run.apply(order(make("a")), machine, **means).ending is Ending.APPLIED


def test_an_order_that_has_grown_something_stops_there_and_is_gone_on_with(machine, means, bench):
    bench.fails = {"c"}
    steps = order(make("a"), grow("a"), make("b"), make("c"))

    stopped = run.apply(steps, machine, **means)

    assert (stopped.ending, stopped.done) == (Ending.STOPPED, 2)
    assert made(machine) == ["a", "a.grown"]
    with pytest.raises(errors.Unfinished):
        run.apply(order(make("d")), machine, **means)

    bench.fails = set()
    went_on = run.resume(machine, **means)

    assert (went_on.id, went_on.ending, went_on.trouble) == (stopped.id, Ending.APPLIED, "")
    assert made(machine) == ["a", "a.grown", "b", "c"]
    assert bench.did == ["a", "a", "b", "c", "back c", "back b", "b", "c"]


def test_a_growth_that_fails_itself_does_not_keep_what_came_before(machine, means, bench):
    bench.fails = {"b"}

    outcome = run.apply(order(make("a"), grow("b")), machine, **means)

    assert (outcome.ending, made(machine)) == (Ending.ROLLED_BACK, [])


def test_nothing_is_taken_back_once_a_removal_has_begun(machine, means, bench):
    bench.fails = {"old"}

    outcome = run.apply(order(make("a"), remove("old")), machine, **means)

    assert (outcome.ending, outcome.done) == (Ending.STOPPED, 1)
    assert made(machine) == ["a"]
    bench.fails = set()
    assert run.resume(machine, **means).ending is Ending.APPLIED


def test_a_stopped_order_can_be_given_up(machine, means, bench):
    bench.fails = {"b"}
    run.apply(order(make("a"), grow("a"), make("b")), machine, **means)

    outcome = run.undo(machine, **means)

    assert (outcome.ending, outcome.done) == (Ending.GIVEN_UP, 2)
    assert run.unfinished(machine) is None
    with pytest.raises(errors.UndoImpossible):
        run.undo(machine, **means)


def test_going_back_that_fails_is_gone_on_with(machine, means, bench):
    bench.fails, bench.fails_back = {"c"}, {"a"}
    with pytest.raises(errors.GoingBackFailed):
        run.apply(order(make("a"), make("b"), make("c")), machine, **means)
    assert (made(machine), run.unfinished(machine).done) == (["a"], 1)

    bench.fails_back = set()

    assert run.resume(machine, **means).ending is Ending.ROLLED_BACK
    assert made(machine) == []


def test_an_order_is_undone(machine, means, bench):
    run.apply(order(make("a"), make("b")), machine, **means)

    outcome = run.undo(machine, "1", **means)

    assert (outcome.id, outcome.ending, outcome.done) == ("000001", Ending.UNDONE, 0)
    assert (made(machine), bench.did[2:]) == ([], ["back b", "back a"])
    with pytest.raises(errors.NothingToUndo):
        run.undo(machine, **means)


def test_what_has_come_since_stands_against_an_undo_unless_it_is_forced(machine, means):
    def refuse(step, _):
        if step.name == "b":
            raise Refused("cannot undo: something has come since")

    run.apply(order(make("a"), make("b")), machine, **means)
    careful = {
        kind: replace(worker, check_undo=refuse) for kind, worker in means["workers"].items()
    }

    with pytest.raises(Refused):
        run.undo(machine, workers=careful, read=means["read"])
    assert made(machine) == ["a", "b"]
    assert run.unfinished(machine) is None

    outcome = run.undo(machine, force=True, workers=careful, read=means["read"])
    assert (outcome.ending, made(machine)) == (Ending.UNDONE, [])


def test_what_has_grown_is_not_undone(machine, means):
    run.apply(order(make("a"), grow("a")), machine, **means)

    with pytest.raises(errors.UndoImpossible, match="extend volume docker/a"):
        run.undo(machine, **means)

    assert made(machine) == ["a", "a.grown"]


def test_orders_are_undone_from_the_last(machine, means):
    run.apply(order(make("a")), machine, **means)
    run.apply(order(make("b")), machine, **means)

    with pytest.raises(errors.UndoImpossible):
        run.undo(machine, "000001", **means)

    assert run.undo(machine, **means).id == "000002"
    assert run.undo(machine, **means).id == "000001"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_fails_the_step_that_it_meets(machine, means, bench, number):
    bench.signals = {"b": number}

    outcome = run.apply(order(make("a"), make("b"), make("c")), machine, **means)

    assert (outcome.ending, made(machine)) == (Ending.ROLLED_BACK, [])
    assert bench.did == ["a", "b", "back b", "back a"]


def test_a_device_that_has_another_name_now_is_not_mistaken(machine, means, bench):
    bench.fails, bench.fails_back = {"a"}, {"a"}
    with pytest.raises(errors.GoingBackFailed):
        run.apply(order(make("a")), machine, **means)
    bench.fails_back = set()
    moved = replace(made_steps.FACTS.devices[0], path="/dev/vdc")
    stranger = Device("/dev/vdb", "disk", 1 << 30, "254:16", identity="serial-2")
    means["read"] = lambda _: replace(made_steps.FACTS, devices=(stranger, moved))

    for go_on in (run.resume, run.undo):
        with pytest.raises(errors.DeviceRenamed, match="/dev/vdc now"):
            go_on(machine, **means)


def test_what_an_order_keeps_is_released_once(machine, means):
    kept = order(make("new"), keeps=("docker/old", "/kept"))
    run.apply(kept, machine, **means)
    assert journal.kept(machine.files) == {"000001": ("docker/old", "/kept")}
    means["workers"] = {**means["workers"], **_no_trees(means)}

    outcome = run.release(machine, "1", **means)

    assert (outcome.id, outcome.ending) == ("000002", Ending.APPLIED)
    assert outcome.steps == ("remove tree /kept", "remove volume docker/old")
    assert run.history(machine)[0].ending is Ending.RELEASED
    assert journal.kept(machine.files) == {}
    with pytest.raises(errors.NothingToRelease):
        run.release(machine, "1", **means)
    with pytest.raises(errors.UndoImpossible):
        run.undo(machine, "1", **means)


def _no_trees(means):
    from wharfinger.hosts.on_host.storage.steps import RemoveTree
    from wharfinger.hosts.on_host.storage.work import Worker

    return {RemoveTree: Worker(lambda _step, _setting: {})}


@pytest.mark.parametrize(
    "engine",
    [
        Engine("docker", "20.10", "/kept/docker", driver="overlay2"),
        Engine("docker", "20.10", "/var/lib/docker", driver="devicemapper", pool="docker-old"),
    ],
)
def test_what_an_engine_still_uses_is_not_released(machine, means, engine):
    run.apply(order(make("new"), keeps=("docker/old", "/kept")), machine, **means)
    means["read"] = lambda _: replace(made_steps.FACTS, engines=(engine,))

    with pytest.raises(errors.StillNeeded):
        run.release(machine, "1", **means)


def test_a_host_is_changed_by_one_at_a_time(machine, means):
    with files_journal.Journal(machine.files).locked(), pytest.raises(HostLocked):
        run.apply(order(make("a")), machine, **means)


def test_a_disk_without_room_for_the_journal_is_met_before_the_first_step(tmp_path, means):
    (tmp_path / "made").mkdir()
    machine = FakeHost(tmp_path, disk=FullDisk(0))

    with pytest.raises(DiskFull):
        run.apply(order(make("a")), machine, **means)

    assert made(machine) == []


def test_the_journal_never_says_less_than_what_happened_on_a_full_disk(tmp_path, means, bench):
    """Whenever the disk fills up: with room again, the next command brings the order to an end."""
    for first in range(1000):
        root = tmp_path / str(first)
        (root / "made").mkdir(parents=True)
        disk = FullDisk(first)
        machine = FakeHost(root, disk=disk)
        with suppress(WharfingerError):
            run.apply(order(make("a"), make("b")), machine, **means)
        if disk.steps < first:
            break
        machine.files.disk = SteppedDisk()
        run.resume(machine, **means)
        assert made(machine) in ([], ["a", "b"])
        assert run.unfinished(machine) is None
    else:
        pytest.fail("it never ended")


def test_the_journal_is_for_root_alone(machine, means):
    run.apply(order(make("a")), machine, **means)

    for path in (journal.DIRECTORY, f"{journal.DIRECTORY}/000001"):
        assert stat.S_IMODE(machine.files.look(path).st_mode) == 0o700


def test_an_entry_that_we_did_not_write_is_not_guessed_at(machine, means, tmp_path):
    run.apply(order(make("a")), machine, **means)
    (tmp_path / journal.DIRECTORY[1:] / "000001/state.json").write_text('{"phase": "flying"}')

    with pytest.raises(JournalUnreadable):
        run.history(machine)
