"""A fleet is maintained within its limits, host by host, and goes on after a kill at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.errors import Unavailable
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance import cordon
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.fleet import host_states, journal
from wharfinger.maintenance.fleet import plan as fleet_plan
from wharfinger.maintenance.fleet.gates import Answer, Place
from wharfinger.maintenance.fleet.host_states import Begun, Event, HostState, Reached, Step, Work
from wharfinger.maintenance.fleet.limits import Amount, Limits
from wharfinger.maintenance.fleet.maintain import Maintenance, abort
from wharfinger.maintenance.fleet.parts import Applied, HostPlan, Settings
from wharfinger.maintenance.fleet.windows import Windows
from wharfinger.maintenance.model import Cluster, Node
from wharfinger.maintenance.node.progress import Kind, Progress, Report, State
from wharfinger.maintenance.options import Options

BEGIN = datetime(2026, 11, 23, 10, tzinfo=UTC)
NOTE = Note("the harbour", "maintenance", "r1", "")
NAMES = ("one", "two", "three")


class Killed(BaseException):
    """The process ends here, and whatever it was doing with it."""


class Clock:
    """Time passes only in sleep, and all who sleep get their turn."""

    def __init__(self) -> None:
        self._now = BEGIN

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Written:
    """A journal in memory; from the `last` event on nothing is written, and nobody lives."""

    def __init__(self, last: int | None = None) -> None:
        self.events: list[Event] = []
        self._last = last

    def write(self, event: Event) -> None:
        if self._last is not None and len(self.events) >= self._last:
            raise Killed
        self.events.append(event)

    def text(self) -> str:
        return journal.head("r1", "", {}) + "".join(journal.line(one, "") for one in self.events)


@dataclass
class Fleet:
    """Hosts and their nodes in memory. What is broken fails to apply, and is as it was then."""

    disruption: dict[str, Disruption] = field(
        default_factory=lambda: dict.fromkeys(NAMES, Disruption.DRAIN)
    )
    wanted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 2))
    broken: set[str] = field(default_factory=set)
    in_between: set[str] = field(default_factory=set)
    """Hosts that an apply leaves neither as they were nor as they should be."""
    away: set[str] = field(default_factory=set)
    endings: dict[str, State] = field(default_factory=dict)
    cordoned: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    most_out: int = 0
    applied: list[str] = field(default_factory=list)
    disturbed: list[str] = field(default_factory=list)
    """Hosts whose containers were stopped while pods were there."""
    during: Callable[[str], None] = lambda _: None

    async def explain(self, hosts: Sequence[str]) -> Mapping[str, HostPlan]:
        return {
            name: HostPlan(trouble="it is unreachable")
            if name in self.away
            else HostPlan(
                self.disruption[name] if self.wanted[name] else Disruption.NONE,
                self.wanted[name],
                f"{name}: {self.wanted[name]}{' in between' if name in self.in_between else ''}",
            )
            for name in hosts
        }

    async def apply(self, host: str, allowed: Disruption) -> Applied:
        self.during(host)
        await asyncio.sleep(0)
        assert self.disruption[host] <= allowed
        if self.disruption[host] is Disruption.DRAIN and f"pier-{host}" not in self.empty:
            self.disturbed.append(host)
        if host in self.broken:
            return Applied(trouble="dockerd does not start; all changes were taken back")
        self.wanted[host] = 0
        self.applied.append(host)
        return Applied(("docker is up: yes",))

    async def evacuate(
        self, node: str, *, told: Callable[[Progress], None], stop: asyncio.Event
    ) -> Report:
        plan = NodePlan(Node(node, ""), (), ())
        ending = self.endings.get(node, State.EVACUATED)
        self.cordoned.add(node)
        self.most_out = max(self.most_out, len(self.cordoned))
        told(Progress(node, Kind.CORDONED, None, "", 1))
        await asyncio.sleep(0)
        if stop.is_set():
            ending = State.STOPPED
        if ending is State.EVACUATED:
            self.empty.add(node)
        told(Progress(node, Kind.ENDED, None, "", 0))
        return Report(node, ending, plan, (), (), 1.0, True, f"it ends {ending}")

    async def give_back(self, node: str) -> None:
        self.cordoned.discard(node)
        self.empty.discard(node)

    def node(self, name: str) -> Node:
        found = Node(name, "", ready=name not in self.down)
        patch = cordon.close(found, NOTE) if name in self.cordoned else None
        if patch is None:
            return found
        return replace(found, schedulable=False, annotations=patch["metadata"]["annotations"])

    async def unavailable(self) -> Collection[str]:
        return self.cordoned | self.down


@dataclass
class Seen:
    states: list[HostState] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        self.states.append(state)

    def note(self, text: str) -> None:
        self.notes.append(text)


class Gate:
    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)

    async def ask(self, place: Place) -> Answer:
        return Answer(place.host not in self.failing, f"the light of {place.host} is on")


@dataclass
class Done:
    reason: str
    states: Mapping[str, HostState]
    seen: Seen

    @property
    def steps(self) -> dict[str, Step]:
        return {name: state.step for name, state in self.states.items()}


async def maintain(
    fleet: Fleet,
    written: Written,
    *,
    limits: Limits | None = None,
    settings: Settings | None = None,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
) -> Done:
    """Begin a run, or go on with the one that was written down, as the command does."""
    names = tuple(fleet.wanted)
    states = host_states.fold(names, written.events)
    found: list[Event] = list(fleet_plan.retry(states))
    states = host_states.fold(names, [*written.events, *found])
    plans = await fleet.explain(names)
    nodes = {name: f"pier-{name}" for name in names}
    found += fleet_plan.explain(states, plans, nodes, Disruption.DRAIN)
    states = host_states.fold(names, [*written.events, *found])
    cluster = Cluster({node: fleet.node(node) for node in nodes.values()}, ())
    explainer = Explainer(cluster, Options(), BEGIN)
    plan, skipped = fleet_plan.arrange(states, cluster.nodes, explainer, limits or Limits())
    found += skipped
    for event in found:
        written.write(event)
    seen = Seen()
    run = Maintenance(
        settings or Settings(run="r1"),
        host_states.fold(names, written.events),
        plan,
        hosts=fleet,
        nodes=fleet,
        journal=written,
        watcher=seen,
        clock=clock or Clock(),
        stop=stop or asyncio.Event(),
    )
    return Done(await run.run(), run.states, seen)


ALL_DONE = dict.fromkeys(NAMES, Step.DONE)


async def test_hosts_go_one_after_the_other_and_come_back() -> None:
    fleet, written = Fleet(), Written()

    done = await maintain(fleet, written)

    assert (done.reason, done.steps) == ("", ALL_DONE)
    assert fleet.applied == list(NAMES)
    assert (fleet.most_out, fleet.cordoned, fleet.disturbed) == (1, set(), [])
    works = [event.work for event in written.events if isinstance(event, Begun)]
    assert works == [*Work] * 3
    assert journal.read(written.text()).states == done.states


async def test_several_at_a_time_are_never_more_than_the_limit() -> None:
    fleet = Fleet()

    done = await maintain(fleet, Written(), limits=Limits(max_unavailable=Amount(2)))

    assert (done.steps, fleet.most_out, fleet.cordoned) == (ALL_DONE, 2, set())


async def test_only_what_needs_a_drain_is_drained() -> None:
    fleet = Fleet(
        disruption=dict(
            zip(NAMES, (Disruption.RELOAD, Disruption.DRAIN, Disruption.NONE), strict=True)
        ),
        wanted={"one": 1, "two": 1, "three": 0},
    )
    written = Written()

    done = await maintain(fleet, written)

    assert (done.steps, fleet.applied) == (ALL_DONE, ["one", "two"])
    cordoned = [
        event.host
        for event in written.events
        if isinstance(event, Reached) and event.step is Step.CORDONED
    ]
    assert cordoned == ["two"]
    assert done.states["three"].message == "it is as the site file says"


async def test_a_host_that_fails_stops_the_wave_and_comes_back_as_it_was() -> None:
    fleet, written = Fleet(broken={"two"}), Written()

    failed = await maintain(fleet, written)

    assert failed.reason == "a host has failed"
    assert failed.steps == {"one": Step.DONE, "two": Step.FAILED, "three": Step.EXPLAINED}
    assert "node pier-two is back in service" in failed.states["two"].message
    assert fleet.cordoned == set()

    fleet.broken = set()
    done = await maintain(fleet, written)

    assert (done.steps, fleet.applied) == (ALL_DONE, ["one", "two", "three"])
    assert (fleet.cordoned, fleet.disturbed) == (set(), [])


async def test_a_host_that_is_not_proven_to_be_as_it_was_stays_closed() -> None:
    fleet, written = Fleet(broken={"one"}), Written()

    def breaks(host: str) -> None:
        fleet.in_between.add(host)

    fleet.during = breaks
    failed = await maintain(fleet, written)

    assert "node pier-one stays cordoned" in failed.states["one"].message
    assert fleet.cordoned == {"pier-one"}

    aborted = await abort(failed.states, fleet, written)

    assert fleet.cordoned == {"pier-one"}
    assert [aborted[name].step for name in NAMES] == [Step.FAILED, Step.SKIPPED, Step.SKIPPED]

    fleet.broken, fleet.in_between, fleet.during = set(), set(), lambda _: None
    assert (await maintain(fleet, written)).steps == ALL_DONE
    assert (fleet.cordoned, fleet.disturbed) == (set(), [])


@pytest.mark.parametrize("ending", [State.BLOCKED, State.TIMED_OUT])
async def test_a_node_that_does_not_get_empty_is_given_back_and_the_others_go_on(
    ending: State,
) -> None:
    fleet = Fleet(endings={"pier-one": ending})

    done = await maintain(fleet, Written())

    assert done.steps == {**ALL_DONE, "one": Step.SKIPPED}
    assert done.states["one"].message == f"it ends {ending}"
    assert (fleet.cordoned, fleet.applied) == (set(), ["two", "three"])


async def test_an_evacuation_that_fails_stops_the_wave() -> None:
    fleet = Fleet(endings={"pier-one": State.FAILED})

    done = await maintain(fleet, Written())

    assert done.reason == "a host has failed"
    assert (done.steps["one"], fleet.cordoned, fleet.applied) == (Step.FAILED, set(), [])


async def test_a_gate_that_stays_closed_stops_the_wave_and_is_asked_again_by_a_resume() -> None:
    fleet, written, gate = Fleet(), Written(), Gate("one")
    settings = Settings(run="r1", gates=(gate,), gate_seconds=60)

    failed = await maintain(fleet, written, settings=settings)

    assert failed.states["one"].message == (
        "it was changed and proven, but the light of one is on, for 60 s"
    )
    assert (fleet.applied, fleet.cordoned) == (["one"], set())

    gate.failing = set()
    assert (await maintain(fleet, written, settings=settings)).steps == ALL_DONE
    assert fleet.applied == list(NAMES)


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_run_killed_at_any_moment_goes_on(limit: int) -> None:
    limits = Limits(max_unavailable=Amount(limit))
    whole = Written()
    await maintain(Fleet(), whole, limits=limits)
    for last in range(len(whole.events)):
        fleet, written = Fleet(), Written(last)
        with pytest.raises(Killed):
            await maintain(fleet, written, limits=limits)
        again = Written()
        again.events = list(written.events)

        done = await maintain(fleet, again, limits=limits)

        assert done.steps == ALL_DONE, last
        assert (fleet.cordoned, fleet.disturbed) == (set(), []), last
        assert fleet.most_out <= limit, last


async def test_a_failing_run_killed_at_any_moment_goes_on_too() -> None:
    whole = Written()
    await maintain(Fleet(broken={"two"}), whole)
    for last in range(len(whole.events)):
        fleet, written = Fleet(broken={"two"}), Written(last)
        with pytest.raises(Killed):
            await maintain(fleet, written)
        again = Written()
        again.events = list(written.events)
        fleet.broken = set()

        done = await maintain(fleet, again)

        assert done.steps == ALL_DONE, last
        assert (fleet.cordoned, fleet.disturbed, fleet.most_out) == (set(), [], 1), last


async def test_an_aborted_run_leaves_no_cordon_but_where_an_apply_was_cut_off() -> None:
    whole = Written()
    await maintain(Fleet(), whole)
    for last in range(1, len(whole.events)):
        fleet, written = Fleet(), Written(last)
        with pytest.raises(Killed):
            await maintain(fleet, written)
        again = Written()
        again.events = list(written.events)
        states = host_states.fold(NAMES, written.events)
        cut = {f"pier-{name}" for name in NAMES if states[name].doing is Work.APPLY}

        found = await abort(states, fleet, again)

        assert fleet.cordoned == cut, last
        assert all(state.step.over for state in found.values())
        assert host_states.fold(NAMES, again.events) == found


async def test_a_stop_lets_the_host_that_is_being_changed_get_done() -> None:
    fleet, written, stop = Fleet(), Written(), asyncio.Event()
    fleet.during = lambda _: stop.set()

    done = await maintain(fleet, written, stop=stop)

    assert done.reason == "it was stopped"
    assert done.steps == {"one": Step.DONE, "two": Step.EXPLAINED, "three": Step.EXPLAINED}
    assert fleet.cordoned == set()

    fleet.during = lambda _: None
    assert (await maintain(fleet, written)).steps == ALL_DONE


async def test_paused_no_host_starts_until_that_is_over() -> None:
    fleet, looks = Fleet(), iter([False, True, True, True])
    settings = Settings(run="r1", paused=lambda: next(looks, False))

    done = await maintain(fleet, Written(), settings=settings)

    assert done.steps == ALL_DONE
    assert done.seen.notes == ["no host starts: paused"]


async def test_a_run_that_is_done_does_not_wait_for_the_end_of_a_pause() -> None:
    fleet = Fleet(wanted=dict.fromkeys(NAMES, 0))

    done = await maintain(fleet, Written(), settings=Settings(run="r1", paused=lambda: True))

    assert (done.reason, done.steps) == ("", ALL_DONE)


async def test_a_host_that_is_done_stays_so_though_a_resume_cannot_reach_it() -> None:
    fleet, written = Fleet(broken={"two"}), Written()
    await maintain(fleet, written)
    fleet.away, fleet.broken = {"one"}, set()

    done = await maintain(fleet, written)

    assert done.steps == ALL_DONE


async def test_a_host_that_does_not_answer_is_skipped_until_it_does() -> None:
    fleet, written = Fleet(away={"one"}), Written()

    done = await maintain(fleet, written)

    assert done.steps == {**ALL_DONE, "one": Step.SKIPPED}
    assert done.states["one"].message == "it is unreachable"
    fleet.away = set()
    assert (await maintain(fleet, written)).steps == ALL_DONE


async def test_what_the_site_file_says_anew_is_done_by_a_resume_on_all_hosts() -> None:
    fleet, written = Fleet(broken={"two"}), Written()
    await maintain(fleet, written)
    fleet.wanted, fleet.broken = dict.fromkeys(NAMES, 1), set()

    done = await maintain(fleet, written)

    assert (done.steps, fleet.applied) == (ALL_DONE, ["one", *NAMES])


async def test_a_node_that_cannot_be_given_back_is_told_with_why_it_was_to_be() -> None:
    fleet = Fleet(endings={"pier-one": State.FAILED})

    async def refuse(node: str) -> None:
        raise Unavailable("the cluster is away")

    fleet.give_back = refuse

    done = await maintain(fleet, Written())

    assert done.states["one"].message == (
        "it ends failed; node pier-one may be cordoned still: the cluster is away"
    )
    assert done.states["one"].cordoned


async def test_outside_of_its_windows_a_fleet_is_left_alone() -> None:
    fleet, clock = Fleet(), Clock()
    begun: list[datetime] = []
    fleet.during = lambda _: begun.append(clock.now())
    settings = Settings(run="r1", windows=Windows.parse(["12:00-13:00"]))

    done = await maintain(fleet, Written(), settings=settings, clock=clock)

    assert done.steps == ALL_DONE
    assert done.seen.notes == ["no host starts: the window opens at 2026-11-23 12:00 UTC"]
    assert min(begun) >= datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_where_a_node_does_not_come_up_the_run_waits_and_ends_and_says_so() -> None:
    fleet = Fleet()
    fleet.during = lambda host: fleet.down.add(f"pier-{host}")

    done = await maintain(fleet, Written())

    assert done.reason == "too many nodes are not ready or not schedulable"
    assert (fleet.applied, fleet.cordoned) == (["one"], set())


async def test_what_can_not_be_done_within_the_limits_is_skipped_with_its_reason() -> None:
    """A node that is down already may be maintained: that takes no more of them away."""
    fleet = Fleet(down={"pier-two"})

    done = await maintain(fleet, Written())

    assert fleet.applied == ["two"]
    assert "are out of service already" in done.states["one"].message


async def test_a_host_whose_plan_costs_more_than_was_prepared_for_is_refused_by_itself() -> None:
    """An apply may cost what was explained, and all only on an empty node."""
    fleet = Fleet(disruption=dict.fromkeys(NAMES, Disruption.RELOAD))
    allowed: list[Disruption] = []
    apply = fleet.apply

    async def noting(host: str, most: Disruption) -> Applied:
        allowed.append(most)
        return await apply(host, most)

    fleet.apply = noting

    await maintain(fleet, Written())

    assert allowed == [Disruption.RELOAD] * 3


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Up to six hosts, of which some fail in one way or another."""
    names = [f"h{number}" for number in range(draw(st.integers(1, 6)))]
    some = st.sets(st.sampled_from(names))
    endings = st.sampled_from([State.BLOCKED, State.TIMED_OUT, State.FAILED])
    fleet = Fleet(
        disruption={name: draw(st.sampled_from(Disruption)) for name in names},
        wanted={name: draw(st.integers(0, 2)) for name in names},
        broken=draw(some),
        in_between=set(),
        endings=draw(st.dictionaries(st.sampled_from([f"pier-{one}" for one in names]), endings)),
    )
    worse = draw(some)
    fleet.during = lambda host: fleet.in_between.add(host) if host in worse else None
    return fleet


@given(fleet=fleets(), limit=st.integers(1, 6), last=st.integers(0, 60))
@settings(deadline=None)
async def test_whatever_fails_and_whenever_it_is_killed_the_limits_hold_and_each_cordon_is_told(
    fleet: Fleet, limit: int, last: int
) -> None:
    limits = Limits(max_unavailable=Amount(limit))
    killed = Written(last)
    with suppress(Killed):
        await maintain(fleet, killed, limits=limits)
    written = Written()
    written.events = list(killed.events)

    done = await maintain(fleet, written, limits=limits)

    assert fleet.most_out <= limit
    assert fleet.disturbed == []
    told = {state.node for state in done.states.values() if state.cordoned}
    assert fleet.cordoned <= told
    over = all(state.step.over for state in done.states.values())
    assert over or done.reason
    for name, state in done.states.items():
        assert (state.step is Step.DONE) <= (fleet.wanted[name] == 0)
        assert state.message or state.step not in (Step.FAILED, Step.SKIPPED)
