from __future__ import annotations

import io
import json

import pytest

from wharfinger.cli import evacuate_progress
from wharfinger.cli.evacuate_progress import Lines, Objects, Table
from wharfinger.cli.live import Rows
from wharfinger.cli.options import Format
from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Name, Node, Pod
from wharfinger.maintenance.node.progress import Kind, Progress, Report, State
from wharfinger.maintenance.verdict import Outcome, Verdict

WEB = Name("shop", "web-1")
PLAN = NodePlan(Node("pier-1", "uid"), (), ())
HELD = PodPlan(Pod(WEB, "uid-1"), Verdict(Outcome.WAITS, "budget-spent", "the budget is spent"))


def told(kind: Kind, pod: Name | None = None, message: str = "", left: int = 1) -> Progress:
    return Progress("pier-1", kind, pod, message, left)


def report(state: State = State.EVACUATED, *left: PodPlan) -> Report:
    return Report("pier-1", state, PLAN, (), left, 2.5, cordoned=True, message="the message")


RUN = (
    told(Kind.CORDONED),
    told(Kind.EVICTING, WEB),
    told(Kind.HELD, WEB, "it would violate the budget"),
    told(Kind.GONE, WEB, left=0),
)


def test_a_log_gets_the_lines_of_kubectl(capsys):
    lines = Lines(deletes=False)
    for one in RUN:
        lines.progress(one)
    lines.ended(report())

    written = capsys.readouterr()
    assert written.out.splitlines() == [
        "node/pier-1 cordoned",
        "evicting pod shop/web-1",
        "pod/web-1 evicted",
        "node/pier-1 drained",
    ]
    assert written.err == "pod shop/web-1 may not go now: it would violate the budget\n"


def test_what_was_said_of_a_pod_that_is_held_is_not_said_again_when_it_is_left(capsys):
    lines = Lines()
    lines.progress(told(Kind.HELD, WEB, "the budget is spent"))
    lines.progress(told(Kind.LEFT, WEB, "the budget is spent"))
    lines.progress(told(Kind.LEFT, Name("shop", "web-2"), "it ends for too long"))

    assert capsys.readouterr().err.splitlines() == [
        "pod shop/web-1 may not go now: the budget is spent",
        "node pier-1: pod shop/web-2: it ends for too long",
    ]


def test_a_node_that_is_not_empty_is_not_called_drained(capsys):
    Lines(deletes=False).ended(report(State.TIMED_OUT, HELD))

    assert capsys.readouterr().out == ""


def test_deleted_pods_are_called_so(capsys):
    lines = Lines(deletes=True)
    lines.progress(told(Kind.EVICTING, WEB))
    lines.progress(told(Kind.GONE, WEB))

    assert capsys.readouterr().out == "deleting pod shop/web-1\npod/web-1 deleted\n"


def test_a_program_gets_an_object_on_each_line(capsys):
    objects = Objects()
    objects.explained(PLAN)
    for one in RUN:
        objects.progress(one)
    objects.ended(report(State.BLOCKED, HELD))

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in found] == ["plan", *(str(one.kind) for one in RUN), "report"]
    assert found[3] == {
        "event": "held",
        "node": "pier-1",
        "pod": "shop/web-1",
        "message": "it would violate the budget",
        "left": 1,
    }
    assert found[-1]["state"] == "blocked"
    assert found[-1]["left"][0]["code"] == "budget-spent"


def shown(rows: io.StringIO) -> list[str]:
    """The rows as they were drawn last."""
    return rows.getvalue().rpartition("\x1b[J")[2].splitlines()


def test_a_person_sees_a_row_for_each_node():
    terminal, now = io.StringIO(), [0.0]
    table = Table(Rows(terminal), ["pier-1", "pier-2"], lambda: now[0])

    table.progress(told(Kind.CORDONED))
    now[0] = 75.0
    table.progress(RUN[2])

    first, second = shown(terminal)[1:]
    assert first.split()[:5] == ["pier-1", "held", "1", "1", "75s"]
    assert first.endswith("shop/web-1: it would violat")  # as wide as the terminal
    assert "waits its turn" in second


def test_a_row_of_a_node_that_has_ended_stands_still():
    terminal, now = io.StringIO(), [0.0]
    table = Table(Rows(terminal), ["pier-1"], lambda: now[0])
    table.progress(RUN[0])
    now[0] = 5.0
    table.ended(report())
    now[0] = 100.0
    table.tick()

    row = shown(terminal)[1].split()
    assert row[:4] == ["pier-1", "evacuated", "0", "0"]
    assert row[4] == "5s"


def test_what_stays_to_be_read_is_said_above_the_rows():
    terminal = io.StringIO()
    table = Table(Rows(terminal), ["pier-1"], lambda: 0.0)

    table.tick()
    table.progress(told(Kind.FAULT, None, "no answer"))
    table.warn("no Events\x1b")

    assert "node pier-1: no answer\n" in terminal.getvalue()
    assert "warning: no Events\\x1b\n" in terminal.getvalue()


@pytest.mark.parametrize(("form", "kind"), [(Format.JSON, Objects), (Format.TABLE, Lines)])
def test_who_listens_decides_what_is_told(form, kind, capsys):
    chosen = evacuate_progress.teller(form, [PLAN], deletes=False, seconds=lambda: 0.0)

    assert isinstance(chosen, kind)
