"""What a run's journal says is what has happened, wherever it was cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet import host_states, journal
from wharfinger.maintenance.fleet.host_states import (
    Begun,
    Event,
    Explained,
    Failed,
    HostState,
    ImpossibleStep,
    Opened,
    Reached,
    Retried,
    Skipped,
    Step,
    Work,
)
from wharfinger.maintenance.fleet.journal import InvalidJournal

AT = "2026-11-23T10:00:00+00:00"
DRAINED = (
    Explained("one", "pier-1", Disruption.DRAIN, 2, "abc", drain=True),
    Begun("one", Work.EVACUATE),
    Reached("one", Step.CORDONED),
    Reached("one", Step.EVACUATED, "3 pods are gone"),
    Begun("one", Work.APPLY),
    Reached("one", Step.APPLIED),
    Reached("one", Step.PROVEN, "docker trusts registry.site.test: yes"),
    Begun("one", Work.RETURN),
    Reached("one", Step.RETURNED),
    Begun("one", Work.WATCH),
    Reached("one", Step.DONE),
)
FAILING = (
    *DRAINED[:5],
    Failed("one", "dockerd does not start"),
    Begun("one", Work.RETURN),
    Opened("one"),
    Retried("one"),
    Explained("one", "pier-1", Disruption.RELOAD, 1, "abd", drain=False),
    Begun("one", Work.APPLY),
)
EVENTS = st.one_of(
    st.builds(
        Explained,
        st.just("one"),
        st.just("pier-1"),
        st.sampled_from(Disruption),
        st.integers(0, 2),
        st.text(),
        st.booleans(),
    ),
    st.builds(Begun, st.just("one"), st.sampled_from(Work)),
    st.builds(Reached, st.just("one"), st.sampled_from(Step), st.text()),
    st.builds(Opened, st.just("one")),
    st.builds(Failed, st.just("one"), st.text()),
    st.builds(Skipped, st.just("one"), st.text()),
    st.builds(Retried, st.just("one")),
)


def written(events: tuple[Event, ...]) -> str:
    lines = (journal.line(event, AT) for event in events)
    return journal.head("r1", AT, {"site": "site.yaml"}) + "".join(lines)


@pytest.mark.parametrize("events", [DRAINED, FAILING], ids=["drained", "failing"])
def test_a_journal_cut_off_anywhere_is_what_had_happened_until_then(
    events: tuple[Event, ...],
) -> None:
    text = written(events)
    first = len(journal.head("r1", AT, {"site": "site.yaml"}))
    for cut in range(first, len(text) + 1):
        happened = events[: text[first:cut].count("\n")]

        found = journal.read(text[:cut])

        expected = host_states.fold(["one"], happened) if happened else {}
        assert (found.run, found.asked, found.states) == ("r1", {"site": "site.yaml"}, expected)


@given(st.lists(EVENTS))
def test_every_event_comes_back_as_it_was_written(events: list[Event]) -> None:
    possible: list[Event] = []
    state = HostState("one")
    for event in events:
        try:
            state = host_states.after(state, event)
        except ImpossibleStep:
            continue
        possible.append(event)

    found = journal.read(written(tuple(possible)))

    assert found.states == ({"one": state} if possible else {})


@given(st.lists(EVENTS, max_size=30))
def test_a_host_that_may_be_cordoned_is_never_forgotten(events: list[Event]) -> None:
    """Whatever happens, what is begun with a cordon ends with its removal, or says that it is there."""
    state, closed = HostState("one"), False
    for event in events:
        try:
            state = host_states.after(state, event)
        except ImpossibleStep:
            continue
        match event:
            case Begun(work=Work.EVACUATE):
                closed = True
            case Opened() | Reached(step=Step.RETURNED):
                closed = False
        assert state.cordoned == closed
        if state.step is Step.DONE:
            assert not state.cordoned


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("[]\n", 1),
        ('{"run": "r1"}\n', 1),
        (journal.head("r1", AT, {}) + "x\n", 2),
        (journal.head("r1", AT, {}) + '{"at": "", "event": "sunk", "host": "one"}\n', 2),
        (journal.head("r1", AT, {}) + journal.line(Begun("one", Work.WATCH), AT), 2),
    ],
)
def test_what_is_no_journal_is_refused_by_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidJournal, match=f"line {line} "):
        journal.read(text)


def test_the_next_work_leads_from_the_plan_to_the_end() -> None:
    state, done = HostState("one"), []
    for event in DRAINED:
        if isinstance(event, Begun):
            assert host_states.next_work(state) is event.work
            done.append(event.work)
        state = host_states.after(state, event)
    assert done == list(Work)
    assert host_states.next_work(state) is None


def test_a_host_that_needs_no_drain_is_not_cordoned() -> None:
    state = host_states.after(
        HostState("one"), Explained("one", "pier-1", Disruption.RELOAD, 1, "", drain=False)
    )
    assert host_states.next_work(state) is Work.APPLY
