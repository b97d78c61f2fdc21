"""What was evicted is up again when each controller has as many ready pods elsewhere as it had."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from made_evacuations import DAEMON, NOON, WEB, pod
from wharfinger.maintenance.model import Owner
from wharfinger.maintenance.node import replacements

STATEFUL = Owner("StatefulSet", "db", "uid-db")
JOB = Owner("Job", "once", "uid-once")


def test_what_a_controller_had_ready_is_wanted_wherever_it_was():
    before = [pod("a"), pod("b", at="n2"), pod("c", ready=False), pod("d", phase="Succeeded")]

    assert replacements.wanted(before, {"uid-a"}) == {("p", WEB): 2}


@pytest.mark.parametrize("owner", [None, DAEMON, JOB])
def test_nothing_is_awaited_of_who_makes_nothing_elsewhere(owner: Owner | None):
    assert replacements.wanted([pod("a", owner=owner)], {"uid-a"}) == {}


def test_who_was_not_evicted_is_not_awaited():
    assert replacements.wanted([pod("a"), pod("b", owner=STATEFUL)], {"uid-b"}) == {
        ("p", STATEFUL): 1
    }


def test_pods_on_the_node_and_those_that_end_do_not_count():
    now = [
        pod("a"),
        pod("b", at="n2"),
        pod("c", at="n2", deleted=NOON + timedelta(seconds=5)),
        pod("d", at="n2", ready=False),
    ]

    (missing,) = replacements.missing({("p", WEB): 2}, now, beside="n1")

    assert str(missing) == "ReplicaSet p/web has 1 of 2 pods ready elsewhere"


def test_a_controller_of_the_same_name_in_another_time_is_another_one():
    again = replace(WEB, uid="uid-web-again")

    assert replacements.missing({("p", WEB): 1}, [pod("a", at="n2", owner=again)], beside="n1")
    assert not replacements.missing({("p", WEB): 1}, [pod("a", at="n2")], beside="n1")
