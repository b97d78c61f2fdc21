"""Seats are never given twice, never left empty while somebody may sit, and given in turn."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wharfinger.server.fairness import Schedule, Shares, State, Ticket, seats

SHARES = Shares(seats=10, seats_each=6, waiting=12, waiting_each=5)


class Requests(RuleBasedStateMachine):
    """Requests of four subjects come, run, end and give up, in any order."""

    def __init__(self):
        super().__init__()
        self.schedule = Schedule(SHARES)
        self.tickets: list[Ticket] = []

    @rule(subject=st.sampled_from("abcd"), seats=st.integers(1, 12))
    def arrive(self, subject, seats):
        waited = [ticket for ticket in self.tickets if ticket.state is State.WAITING]
        ticket = self.schedule.arrive(subject, seats)
        assert all(one.state is State.WAITING for one in waited), "nobody frees a seat by coming"
        if ticket is None:
            own = [one for one in waited if one.subject == subject]
            assert len(waited) == SHARES.waiting or len(own) == SHARES.waiting_each
        else:
            self.tickets.append(ticket)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def leave(self, data):
        ticket = data.draw(st.sampled_from(self.tickets))
        self.tickets.remove(ticket)
        waited = {one for one in self.tickets if one.state is State.WAITING}
        started = self.schedule.leave(ticket)
        assert set(started) == {one for one in waited if one.state is State.RUNNING}

    @invariant()
    def seats_are_given_once(self):
        taken = Counter()
        for ticket in self.tickets:
            if ticket.state is State.RUNNING:
                taken[ticket.subject] += ticket.seats
        assert taken.total() == self.schedule.seats <= SHARES.seats
        assert all(count <= SHARES.seats_each for count in taken.values())

    @invariant()
    def queues_end(self):
        waiting = Counter(one.subject for one in self.tickets if one.state is State.WAITING)
        assert waiting.total() == self.schedule.waiting <= SHARES.waiting
        assert all(count <= SHARES.waiting_each for count in waiting.values())

    @invariant()
    def nobody_waits_for_nothing(self):
        """If all wait for their own share, or for seats that are taken, then rightly."""
        free = SHARES.seats - self.schedule.seats
        taken = Counter()
        first: dict[str, Ticket] = {}
        for ticket in self.tickets:
            if ticket.state is State.RUNNING:
                taken[ticket.subject] += ticket.seats
            else:
                first.setdefault(ticket.subject, ticket)
        may = [one for one in first.values() if taken[one.subject] + one.seats <= SHARES.seats_each]
        assert not may or any(one.seats > free for one in may)

    def teardown(self):
        while self.tickets:
            running = [one for one in self.tickets if one.state is State.RUNNING]
            assert running, "whoever waits is served in the end"
            self.tickets.remove(running[0])
            self.schedule.leave(running[0])
        assert (self.schedule.seats, self.schedule.waiting) == (0, 0)


TestRequests = Requests.TestCase


def arrived(schedule: Schedule, subject: str, seats: int = 1) -> Ticket:
    ticket = schedule.arrive(subject, seats)
    assert ticket is not None
    return ticket


def test_queues_are_served_in_turn():
    schedule = Schedule(Shares(seats=1, seats_each=1))
    running = arrived(schedule, "flood")
    waiting = [arrived(schedule, "flood") for _ in range(5)]
    late = [arrived(schedule, "bob"), arrived(schedule, "ada"), arrived(schedule, "bob")]

    order = []
    while started := schedule.leave(running):
        (running,) = started
        order.append(running.subject)

    assert order == ["bob", "ada", "flood", "bob", "flood", "flood", "flood", "flood"]
    assert {one.state for one in (*waiting, *late)} <= {State.RUNNING, State.OVER}


def test_one_subject_leaves_seats_to_others():
    schedule = Schedule(Shares(seats=10, seats_each=6))
    flood = [arrived(schedule, "flood") for _ in range(20)]

    assert [one.state for one in flood].count(State.RUNNING) == 6
    assert arrived(schedule, "bob").state is State.RUNNING


def test_small_ones_do_not_overtake_a_large_one_for_ever():
    schedule = Schedule(Shares(seats=4, seats_each=4))
    small = arrived(schedule, "flood")
    large = arrived(schedule, "bob", 4)
    later = arrived(schedule, "ada")

    assert (large.state, later.state) == (State.WAITING, State.WAITING)
    assert large in schedule.leave(small)


def test_beyond_its_queue_a_subject_is_refused_and_no_other():
    schedule = Schedule(Shares(seats=10, seats_each=1, waiting_each=2))
    flood = [schedule.arrive("flood", 1) for _ in range(5)]

    assert [one is None for one in flood] == [False, False, False, True, True]
    assert schedule.arrive("bob", 1) is not None


@pytest.mark.parametrize(
    ("verb", "limit", "named", "taken"),
    [
        ("get", 0, True, 1),
        ("create", 0, False, 1),
        ("list", 0, False, 8),
        ("list", 50, False, 1),
        ("list", 500, False, 6),
        ("list", 100_000, False, 8),
        ("list", 0, True, 1),
        ("watch", 0, False, 8),
        ("deletecollection", 0, False, 8),
    ],
)
def test_what_asks_for_much_takes_more_seats(verb, limit, named, taken):
    assert seats(verb, limit=limit, named=named) == taken
