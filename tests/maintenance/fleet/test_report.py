"""What a run came to, as a table and as JSON."""

from __future__ import annotations

import json

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet import journal, report
from wharfinger.maintenance.fleet.host_states import (
    Begun,
    Event,
    Explained,
    Failed,
    Reached,
    Skipped,
    Step,
    Work,
)

HAPPENED: tuple[tuple[str, Event], ...] = (
    ("10:00:00", Explained("one", "pier-1", Disruption.RELOAD, 2, "a", drain=False)),
    ("10:00:00", Explained("two", "pier-2", Disruption.DRAIN, 1, "b", drain=True)),
    ("10:00:00", Skipped("three", "it is unreachable")),
    ("10:00:01", Begun("one", Work.APPLY)),
    ("10:00:04", Reached("one", Step.APPLIED)),
    ("10:00:04", Reached("one", Step.PROVEN)),
    ("10:00:04", Begun("one", Work.WATCH)),
    ("10:00:10", Reached("one", Step.DONE, "node pier-1 is Ready")),
    ("10:00:10", Begun("two", Work.EVACUATE)),
    ("10:00:11", Failed("two", "no answer | <b>\n\x1b[31m")),
)


def happened(*events: tuple[str, Event]) -> journal.Run:
    lines = (journal.line(event, f"2026-11-23T{at}+00:00") for at, event in events)
    head = journal.head("r1", "2026-11-23T10:00:00+00:00", {"site": "site.yaml"})
    return journal.read(head + "".join(lines))


def test_a_run_is_told_host_by_host_for_programs() -> None:
    found = report.document(happened(*HAPPENED), "a host has failed")

    assert json.loads(json.dumps(found)) == found
    assert found["counts"] == {"done": 1, "failed": 1, "skipped": 1}
    assert (found["done"], found["reason"]) == (False, "a host has failed")
    one, two, three = found["hosts"]
    assert (one["host"], one["seconds"], one["drain"], one["cordoned"]) == (
        "one",
        9.0,
        False,
        False,
    )
    assert (two["state"], two["cordoned"], two["began"]) == (
        "failed",
        True,
        "2026-11-23T10:00:10+00:00",
    )
    assert (three["seconds"], three["message"]) == (None, "it is unreachable")


def test_a_run_is_told_as_a_table_in_which_words_of_others_are_words() -> None:
    text = report.markdown(report.document(happened(*HAPPENED), "a host has failed"))

    assert "It is not done: a host has failed. Hosts: 1 done, 1 failed, 1 skipped." in text
    assert "| one | pier-1 | done | no | reload | 2 | 9 s | node pier-1 is Ready |" in text
    assert r"no answer \| \<b\>  \[31m |" in text
    assert "- pier-2 (host two)" in text
    assert text.isprintable() or set(filter(lambda sign: not sign.isprintable(), text)) == {"\n"}


def test_a_run_in_which_all_is_done_says_so() -> None:
    text = report.markdown(report.document(happened(HAPPENED[0], *HAPPENED[3:8])))

    assert "All is done. Hosts: 1 done." in text
    assert "cordon" not in text
