"""
Kill an order before each call to the disk, forward and back, and let the next command do the rest.
"""

from __future__ import annotations

import pytest

import made_steps
from fake_host import FakeHost, Killed, MortalDisk, SteppedDisk
from made_steps import Bench, grow, made, make, order
from wharfinger.hosts.on_host.storage import run
from wharfinger.hosts.on_host.storage.outcomes import Ending

LIVES = 1000


def _means(bench):
    return {"workers": bench.workers(), "read": lambda _: made_steps.FACTS}


def _host(root):
    (root / "made").mkdir(parents=True)
    return FakeHost(root)


def _apply(machine, bench):
    return run.apply(order(make("a"), make("b")), machine, **_means(bench))


def test_killed_anywhere_the_next_command_completes_it(tmp_path):
    for last in range(LIVES):
        machine, bench = _host(tmp_path / str(last)), Bench()
        machine.files.disk = MortalDisk(last)
        try:
            _apply(machine, bench)
            break
        except Killed:
            machine.files.disk = SteppedDisk()
        run.resume(machine, **_means(bench))
        begun = [outcome.ending for outcome in run.history(machine)]
        assert (begun, made(machine)) in (([], []), ([Ending.APPLIED], ["a", "b"]))
    assert 20 < last < LIVES - 1


def test_killed_anywhere_it_can_be_taken_back_instead(tmp_path):
    for last in range(LIVES):
        machine, bench = _host(tmp_path / str(last)), Bench()
        machine.files.disk = MortalDisk(last)
        try:
            _apply(machine, bench)
            break
        except Killed:
            machine.files.disk = SteppedDisk()
        if run.history(machine):
            assert run.undo(machine, **_means(bench)).ending is Ending.UNDONE
        assert made(machine) == []
    assert 20 < last < LIVES - 1


@pytest.mark.parametrize("cut", [run.undo, run.resume])
def test_killed_again_and_again_on_the_way_back_it_ends_as_before(tmp_path, cut):
    """One chain: each attempt lives one call longer than the one before."""
    machine, bench = _host(tmp_path), Bench()
    _apply(machine, bench)
    begun = False
    for last in range(LIVES):
        machine.files.disk = MortalDisk(last)
        go_on = cut if begun else run.undo
        try:
            go_on(machine, **_means(bench))
            break
        except Killed:
            machine.files.disk = SteppedDisk()
            begun = run.unfinished(machine) is not None
    assert (made(machine), run.history(machine)[-1].ending) == ([], Ending.UNDONE)
    assert last > 5


def test_killed_again_and_again_on_the_way_forward_it_ends_complete(tmp_path):
    machine, bench = _host(tmp_path), Bench()
    machine.files.disk = MortalDisk(30)
    with pytest.raises(Killed):
        _apply(machine, bench)
    for last in range(LIVES):
        machine.files.disk = MortalDisk(last)
        try:
            run.resume(machine, **_means(bench))
            break
        except Killed:
            continue
    assert (made(machine), run.history(machine)[-1].ending) == (["a", "b"], Ending.APPLIED)
    assert last > 3


def test_killed_while_it_falls_back_to_what_stays_it_stops_there(tmp_path):
    for last in range(LIVES):
        machine, bench = _host(tmp_path / str(last)), Bench()
        bench.fails = {"c"}
        machine.files.disk = MortalDisk(last)
        steps = order(make("a"), grow("a"), make("b"), make("c"))
        try:
            run.apply(steps, machine, **_means(bench))
            break
        except Killed:
            machine.files.disk = SteppedDisk()
        outcome = run.resume(machine, **_means(bench))
        if outcome is not None:
            assert outcome.ending is Ending.STOPPED
            assert made(machine) == ["a", "a.grown"]
    assert 20 < last < LIVES - 1
