from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from wharfinger.maintenance.fleet import waves
from wharfinger.maintenance.fleet.limits import Amount, Limits, Order
from wharfinger.maintenance.fleet.waves import WavePlan
from wharfinger.maintenance.model import Budget, Cluster, Name, Node, Owner, Pod
from wharfinger.maintenance.options import Options

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
ZONE = "topology.kubernetes.io/zone"


def node(name: str, zone: str = "", **more: object) -> Node:
    labels = {ZONE: zone} if zone else {}
    return replace(Node(name, f"uid-{name}", labels=labels), **more)


def pod(name: str, node: str, app: str = "", *, owned: bool = True, ready: bool = True) -> Pod:
    owner = Owner("ReplicaSet", f"{app}-rs") if owned else None
    name_ = Name("shop", name)
    return Pod(name_, f"uid-{name}", node, labels={"app": app}, owner=owner, ready=ready)


def budget(app: str, pods: Iterable[Pod], desired: int) -> Budget:
    mine = [one for one in pods if one.labels["app"] == app]
    healthy = sum(one.ready for one in mine)
    return Budget(
        Name("shop", app),
        f"uid-{app}",
        {"matchLabels": {"app": app}},
        allowed=max(0, healthy - desired),
        healthy=healthy,
        desired=desired,
        expected=len(mine),
        wanted=f"minAvailable: {desired}",
    )


def fleet(nodes: Iterable[Node], pods: Sequence[Pod] = (), **desired: int) -> Cluster:
    budgets = tuple(budget(app, pods, least) for app, least in desired.items())
    return Cluster({one.name: one for one in nodes}, tuple(pods), budgets)


def nodes(count: int, zones: str = " ") -> list[Node]:
    """n1, n2, … and their zones in the order of the letters, over and over."""
    return [node(f"n{i + 1}", zones[i % len(zones)].strip()) for i in range(count)]


def plan(
    cluster: Cluster, *names: str, most: str = "1", ours: Collection[str] = (), **more: object
) -> WavePlan:
    limits, wanted = replace(Limits(Amount.parse(most)), **more), names or tuple(cluster.nodes)
    return waves.plan_waves(cluster, wanted, limits, Options(), NOW, ours=ours)


def batches(plan: WavePlan) -> list[str]:
    return [" ".join(wave.nodes) for wave in plan.waves]


def reasons(plan: WavePlan) -> dict[str, str]:
    return {one.node: "; ".join(one.reasons) for one in plan.blocked}


def test_without_more_being_said_one_node_goes_after_the_other():
    assert batches(plan(fleet(nodes(3)))) == ["n1", "n2", "n3"]


def test_nodes_go_in_the_order_in_which_they_were_asked_for_and_once_each():
    assert batches(plan(fleet(nodes(4)), "n3", "n1", "n3", "n2", most="2")) == ["n3 n1", "n2"]


def test_a_part_of_the_fleet_is_of_the_nodes_asked_for():
    names = [f"n{number + 1}" for number in range(10)]

    assert [len(wave.nodes) for wave in plan(fleet(nodes(50)), *names, most="30%").waves] == [
        3,
        3,
        3,
        1,
    ]


def test_a_limit_by_a_label_holds_within_each_of_its_values_one_after_the_other():
    found = plan(fleet(nodes(6, "ab")), most="2", per=ZONE)

    assert batches(found) == ["n1 n3", "n5", "n2 n4", "n6"]


def test_or_side_by_side():
    found = plan(fleet(nodes(6, "ab")), most="2", per=ZONE, order=Order.SIDE_BY_SIDE)

    assert batches(found) == ["n1 n2 n3 n4", "n5 n6"]


def test_nodes_without_the_label_are_a_place_of_their_own():
    found = plan(fleet(nodes(4, "a ")), most="50%", per=ZONE, order=Order.SIDE_BY_SIDE)

    assert batches(found) == ["n1 n2", "n3 n4"]


def test_canaries_go_first_each_alone():
    found = plan(fleet(nodes(6, "ab")), most="3", canary=2, per=ZONE, order=Order.SIDE_BY_SIDE)

    assert batches(found) == ["n1", "n2", "n3 n4 n5 n6"]


def test_nodes_that_share_a_budget_go_together_as_far_as_it_bears():
    pods = [pod(f"web-{i}", f"n{i}", "web") for i in range(1, 6)]

    found = plan(fleet(nodes(6), pods, web=3), most="100%")

    assert batches(found) == ["n1 n2 n6", "n3 n4", "n5"]
    assert "shop/web" in found.waves[0].reason


def test_a_node_with_more_pods_than_a_budget_bears_goes_without_others_of_that_budget():
    pods = [pod(f"web-{i}", "n1" if i < 4 else "n2", "web") for i in range(6)]

    assert batches(plan(fleet(nodes(3), pods, web=4), most="3")) == ["n1 n3", "n2"]


def test_a_pod_that_is_not_ready_takes_nothing_of_its_budget():
    pods = [pod(f"web-{i}", f"n{i}", "web", ready=i != 2) for i in range(1, 5)]

    assert batches(plan(fleet(nodes(4), pods, web=2), most="4")) == ["n1 n2", "n3", "n4"]


def test_a_wave_says_why_it_has_not_more_nodes():
    pods = [pod(f"web-{i}", f"n{i}", "web") for i in (3, 4)]
    cluster = fleet(nodes(4, "aabb"), pods, web=1)

    said = [wave.reason for wave in plan(cluster, most="2", canary=1, per=ZONE).waves]

    assert said == [
        "a canary goes alone",
        f"no others are left with {ZONE}=a",
        "the others have pods under budgets that bear no more: shop/web",
        f"no others are left with {ZONE}=b",
    ]
    assert [wave.reason for wave in plan(fleet(nodes(3)), most="2").waves] == [
        "no more than 2 of 3 may be out at once",
        "no others are left",
    ]


def test_a_node_that_cannot_be_emptied_is_set_apart_with_its_reasons():
    pods = [
        pod("bare", "n1", owned=False),
        pod("web-1", "n2", "web"),
        pod("web-2", "n3", "web"),
    ]

    found = plan(fleet(nodes(4), pods, web=2), "n1", "n2", "n3", "n4", "n5")

    assert batches(found) == ["n4"]
    assert set(reasons(found)) == {"n1", "n2", "n3", "n5"}
    assert "shop/bare" in reasons(found)["n1"]
    assert "shop/web-1" in reasons(found)["n2"]
    assert "no node of this name" in reasons(found)["n5"]


def test_nodes_that_are_out_already_take_their_places():
    cluster = fleet([*nodes(4), node("n5", ready=False), node("n6", schedulable=False)])

    assert batches(plan(cluster, most="3")) == ["n1 n5 n6", "n2", "n3", "n4"]


def test_where_as_many_are_out_as_may_be_only_these_can_go():
    cluster = fleet([*nodes(2), node("n3", ready=False)])

    found = plan(cluster)

    assert batches(found) == ["n3"]
    assert "n3" in reasons(found)["n1"]
    assert batches(plan(cluster, "n1", "n2")) == ["n1", "n2"]


def test_a_node_that_the_run_has_closed_goes_first_and_gives_its_place_back():
    cluster = fleet([*nodes(2), node("n3", schedulable=False)])

    assert batches(plan(cluster, ours={"n3"})) == ["n3", "n1", "n2"]
    assert batches(plan(cluster, ours={"n3"}, canary=1)) == ["n3", "n1", "n2"]
    assert batches(plan(cluster)) == ["n3"]


def test_one_that_stays_out_or_never_has_a_turn_does_not_give_its_place_back():
    broken = fleet([*nodes(2), node("n3", schedulable=False, ready=False)])
    kept = fleet([*nodes(2), node("n3", schedulable=False)], [pod("bare", "n3", owned=False)])

    assert batches(plan(broken, ours={"n3"})) == ["n3"]
    assert batches(plan(kept, ours={"n3"})) == []
    assert "n3" in reasons(plan(kept, ours={"n3"}))["n1"]


def test_nodes_share_a_budget_only_if_it_bears_all_of_their_pods():
    pods = [pod(f"web-{i}", f"n{max(i, 2)}", "web") for i in range(1, 5)]

    assert batches(plan(fleet(nodes(4), pods, web=2), most="4")) == ["n1 n2", "n3 n4"]
    assert batches(plan(fleet(nodes(4), pods, web=1), most="4")) == ["n1 n2 n3", "n4"]


def test_pods_that_nobody_makes_anew_lessen_what_a_budget_bears_for_good():
    pods = [pod(f"web-{i}", f"n{i}", "web", owned=i > 2) for i in range(1, 6)]
    cluster = fleet(nodes(5), pods, web=3)
    found = waves.plan_waves(
        cluster, tuple(cluster.nodes), Limits(Amount(5)), Options(force=True), NOW
    )

    assert batches(found) == ["n1 n3", "n4", "n5"]
    assert "shop/web" in reasons(found)["n2"]


def test_who_may_start_is_told_without_waiting_for_the_slowest():
    pods = [pod(f"web-{i}", f"n{i}", "web") for i in range(1, 4)]
    found = plan(fleet(nodes(5), pods, web=2), most="2")

    assert waves.ready_to_start(found, (), (), ()) == ("n1", "n4")
    assert waves.ready_to_start(found, {"n1"}, {"n4"}, {"n1"}) == ("n5",)
    assert waves.ready_to_start(found, {"n4"}, {"n1"}, {"n4"}) == ("n2",)
    assert waves.ready_to_start(found, {"n4"}, {"n1"}, {"n4", "n3"}) == ("n3",)
    assert waves.ready_to_start(found, {"n1", "n4"}, (), {"n1", "n4"}) == ()
    assert waves.ready_to_start(found, (), {"n1"}, {"n1", "elsewhere"}) == ("n2",)
    assert waves.ready_to_start(found, (), found.explained, ()) == ()


def test_nothing_starts_beside_a_canary_or_before_a_place_is_done():
    found = plan(fleet(nodes(4, "ab")), most="2", canary=1, per=ZONE)

    assert waves.ready_to_start(found, (), (), ()) == ("n1",)
    assert waves.ready_to_start(found, {"n1"}, (), {"n1"}) == ()
    assert waves.ready_to_start(found, {"n3"}, (), {"n3"}) == ()
    assert waves.ready_to_start(found, (), {"n1"}, ()) == ("n3",)
    assert waves.ready_to_start(found, {"n3"}, {"n1"}, {"n3"}) == ()
    assert waves.ready_to_start(found, (), {"n1", "n3"}, ()) == ("n2", "n4")


@dataclass(frozen=True, slots=True)
class Case:
    cluster: Cluster
    names: tuple[str, ...]
    limits: Limits
    options: Options
    ours: frozenset[str]

    def plan(self) -> WavePlan:
        return waves.plan_waves(
            self.cluster, self.names, self.limits, self.options, NOW, ours=self.ours
        )

    def zone(self, name: str) -> str:
        return self.cluster.nodes[name].labels.get(self.limits.per, "") if self.limits.per else ""

    def place(self, name: str) -> set[str]:
        """The nodes that are maintained and among which the limit of this one holds."""
        known = {one for one in self.names if one in self.cluster.nodes}
        return {one for one in known if self.zone(one) == self.zone(name)}

    def out(self, done: Collection[str]) -> set[str]:
        """Those that are out though nobody evacuates them now, after so many are done."""
        return {
            one.name
            for one in self.cluster.nodes.values()
            if not (one.ready and one.schedulable)
            and not (one.name in done and one.ready and one.name in self.ours)
        }

    def keeps_limits(self, going: Collection[str], done: Collection[str]) -> None:
        for name in going:
            place, out = self.place(name), self.out(done)
            limit = self.limits.max_unavailable.of(len(place))
            assert len(place.intersection(going)) <= limit
            assert len(place.intersection(out.union(going))) <= max(limit, len(place & out))

    def taken(self, going: Collection[str], *, owned: bool) -> dict[Name, list[str]]:
        """By budget, the node of each healthy pod that leaves these nodes."""
        found: dict[Name, list[str]] = {}
        for one in self.cluster.pods:
            if one.node in going and one.ready and (one.owner is not None) is owned:
                for each in self.cluster.budgets:
                    if each.name.name == one.labels["app"]:
                        found.setdefault(each.name, []).append(one.node)
        return found

    def keeps_budgets(self, going: Collection[str], done: Collection[str]) -> None:
        """All pods of these nodes are gone at once: does each budget still have what it wants?

        Where a budget has pods on just one of them, replacements come up one after the other.
        """
        gone = self.taken(going, owned=True)
        lost = self.taken({*going, *done}, owned=False)
        for each in self.cluster.budgets:
            places = gone.get(each.name, [])
            for_good = len(lost.get(each.name, ()))
            away = len(places) if len(set(places)) > 1 else min(1, len(places))
            if each.allowed or for_good:
                assert away + for_good <= each.healthy - each.desired
            else:
                assert len(set(places)) <= 1, "none could go until others have come up"


APPS = ("web", "db", "queue")
AMOUNTS = st.sampled_from(["1", "2", "3", "20%", "50%", "100%"]).map(Amount.parse)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    odd = draw(st.booleans())

    def sometimes() -> bool:
        """Half of the fleets are in order, so that most of their nodes have a turn."""
        return odd and draw(st.sampled_from((False, False, False, True)))

    machines = [
        node(
            f"n{number}",
            draw(st.sampled_from(["", "a", "b"])),
            ready=not sometimes(),
            schedulable=not sometimes(),
        )
        for number in range(draw(st.integers(1, 9)))
    ]
    places = st.sampled_from([one.name for one in machines])
    pods = [
        pod(
            f"{app}-{number}",
            draw(places),
            app,
            owned=not sometimes(),
            ready=not sometimes(),
        )
        for app in APPS
        for number in range(draw(st.integers(0, 8)))
    ]
    least = {app: draw(st.integers(0, 4)) for app in APPS if draw(st.booleans())}
    limits = Limits(
        draw(AMOUNTS),
        draw(st.sampled_from(["", ZONE])),
        draw(st.sampled_from((0, 0, 1, 3))),
        draw(st.sampled_from(Order)),
    )
    names = [one.name for one in machines]
    if sometimes():
        names = draw(st.lists(st.sampled_from([*names, "absent"]), min_size=1, max_size=12))
    cluster = fleet(machines, pods, **least)
    ours = frozenset(name for name in cluster.nodes if draw(st.booleans()))
    return Case(cluster, tuple(names), limits, Options(force=draw(st.booleans())), ours)


@given(cases())
def test_each_node_is_in_one_wave_or_set_apart_with_reasons(case: Case):
    found = case.plan()

    told = Counter(name for wave in found.waves for name in wave.nodes)
    told.update(one.node for one in found.blocked)
    assert told == Counter(set(case.names))
    assert all(wave.nodes and wave.reason for wave in found.waves)
    assert all(one.reasons and all(one.reasons) for one in found.blocked)


@given(cases())
def test_waves_keep_limits_and_budgets(case: Case):
    found = case.plan()

    done: list[str] = []
    for number, wave in enumerate(found.waves):
        case.keeps_limits(wave.nodes, done)
        case.keeps_budgets(wave.nodes, done)
        assert len(wave.nodes) == 1 or number >= case.limits.canary
        done += wave.nodes
    if case.limits.order is Order.IN_TURN:
        zones = [case.zone(name) for name in done]
        assert sorted(zones, key=zones.index) == zones


@given(cases(), st.data())
def test_starting_as_others_end_keeps_them_too_and_ends(case: Case, data: st.DataObject):
    found = case.plan()
    left = {name for wave in found.waves for name in wave.nodes}

    going: list[str] = []
    done: list[str] = []
    while left or going:
        started = waves.ready_to_start(found, going, done, case.out(done).union(going))
        assert left.issuperset(started)
        assert going or started, "nothing is under way and nothing starts"
        going += started
        left.difference_update(started)
        case.keeps_limits(going, done)
        case.keeps_budgets(going, done)
        ended = data.draw(st.sampled_from(going))
        going.remove(ended)
        done.append(ended)
    assert len(done) == sum(len(wave.nodes) for wave in found.waves)


@given(cases())
def test_a_plan_is_the_same_each_time(case: Case):
    mixed = replace(
        case.cluster,
        nodes=dict(reversed(case.cluster.nodes.items())),
        pods=case.cluster.pods[::-1],
        budgets=case.cluster.budgets[::-1],
    )

    first, second = case.plan(), replace(case, cluster=mixed).plan()
    assert first.waves == second.waves
    assert first.blocked == second.blocked
