"""
Who runs next: a share of the server for each subject, so that the flood of one starves no other.

Pure, in the spirit of Kubernetes' priority and fairness, with one level. A request takes seats
while it runs, more of them the more it asks for. There are so many seats in all and so many for one
subject; who finds none waits in the queue of the subject, and queues are served in turn. A queue has
an end, and what comes beyond it is refused. One that needs many seats is not overtaken by small
ones of others when its turn has come.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

_MOST_SEATS: Final = 8
_OBJECTS_TO_A_SEAT: Final = 100
_WIDE: Final = ("list", "watch", "deletecollection")


@dataclass(frozen=True, slots=True)
class Shares:
    """How much there is of what."""

    seats: int = 256
    seats_each: int = 32
    waiting: int = 1024
    waiting_each: int = 128
    watches: int = 3000  # below what the listener takes at once, so that others find room
    watches_each: int = 1000


class State(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


@dataclass(slots=True, eq=False)
class Ticket:
    subject: str
    seats: int
    state: State = State.WAITING


class Schedule:
    """Gives out the seats; the caller starts what it is told to."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._taken: Counter[str] = Counter()
        self._queues: dict[str, deque[Ticket]] = {}
        self._turns: OrderedDict[str, None] = OrderedDict()  # whose own share has room
        self.seats = 0
        self.waiting = 0

    def arrive(self, subject: str, seats: int) -> Ticket | None:
        """Take a request in, to run or to wait; None if there is no room for it to wait."""
        ticket = Ticket(subject, min(seats, self._shares.seats_each, self._shares.seats))
        queue = self._queues.setdefault(subject, deque())
        queue.append(ticket)
        self.waiting += 1
        self._line_up(subject)
        self._serve()
        full = self.waiting > self._shares.waiting or len(queue) > self._shares.waiting_each
        if ticket.state is State.WAITING and full:
            self.leave(ticket)
            return None
        return ticket

    def leave(self, ticket: Ticket) -> Sequence[Ticket]:
        """Let a request go that has run or waits no longer; return those that run now instead."""
        subject = ticket.subject
        if ticket.state is State.RUNNING:
            self.seats -= ticket.seats
            self._taken[subject] -= ticket.seats
            if not self._taken[subject]:
                del self._taken[subject]
        elif ticket.state is State.WAITING:
            self._queues[subject].remove(ticket)
            self.waiting -= 1
        ticket.state = State.OVER
        self._line_up(subject)
        return self._serve()

    def _line_up(self, subject: str) -> None:
        """Have the subject wait for its turn exactly if its own share lets its next request run."""
        queue = self._queues.get(subject)
        if not queue:
            self._queues.pop(subject, None)
            self._turns.pop(subject, None)
        elif self._taken[subject] + queue[0].seats > self._shares.seats_each:
            self._turns.pop(subject, None)
        else:
            self._turns.setdefault(subject)

    def _serve(self) -> Sequence[Ticket]:
        started = []
        while self._turns:
            subject = next(iter(self._turns))
            queue = self._queues[subject]
            if self.seats + queue[0].seats > self._shares.seats:
                break
            ticket = queue.popleft()
            ticket.state = State.RUNNING
            self.waiting -= 1
            self.seats += ticket.seats
            self._taken[subject] += ticket.seats
            del self._turns[subject]
            self._line_up(subject)  # at the end, if it has more
            started.append(ticket)
        return started


def seats(verb: str, *, limit: int, named: bool) -> int:
    """How many seats a request takes; `named` if it can only be about one object."""
    if verb not in _WIDE or named:
        return 1
    if not limit:
        return _MOST_SEATS
    return min(_MOST_SEATS, 1 + limit // _OBJECTS_TO_A_SEAT)
