from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from made_pods import owner, pod, running, template, workload
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.workloads.stateful_set import STATEFUL_SET
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import series

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
GOING = {"deletionTimestamp": "2027-01-15T08:00:00Z"}


def db(replicas: int = 3, **more: Any) -> Object:
    return owner("db", **workload(replicas, **more))


def made(number: int, *, old: bool = False, is_ready: bool = True, **more: Any) -> Object:
    labels = {"app": "web", series.REVISION: "old" if old else series.revision(db())}
    one = running if is_ready else pod
    return one(f"db-{number}", labels=labels, **more)


def names(found: Any) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def test_a_pod_has_its_number_in_its_names_and_claims():
    claims = [{"metadata": {"name": "data"}}]
    found = db(serviceName="db", volumeClaimTemplates=claims)
    found["spec"]["template"]["spec"]["volumes"] = [{"name": "data"}, {"name": "tmp"}]
    one = series.pod_for(STATEFUL_SET, found, 2)

    assert one["metadata"]["name"] == "db-2"
    assert "generateName" not in one["metadata"]
    assert one["metadata"]["labels"] == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "db-2",
        "apps.kubernetes.io/pod-index": "2",
        "controller-revision-hash": series.revision(found),
    }
    assert (one["spec"]["hostname"], one["spec"]["subdomain"]) == ("db-2", "db")
    assert one["spec"]["volumes"] == [
        {"name": "tmp"},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-2"}},
    ]


def test_a_number_is_read_from_a_name():
    for name, number in {"db-0": 0, "db-12": 12, "db-01": None, "db": None, "dbx-1": None}.items():
        assert series.ordinal(db(), pod(name)) == number


def test_pods_come_one_after_the_other():
    assert series.plan(db(), [], NOW) == series.Plan(make=(0,))
    assert series.plan(db(), [made(0, is_ready=False)], NOW) == series.Plan()
    assert series.plan(db(), [made(0)], NOW) == series.Plan(make=(1,))
    assert series.plan(db(), [made(0), made(2)], NOW) == series.Plan(make=(1,))
    assert series.plan(db(), [made(0), made(1, **GOING)], NOW) == series.Plan()


def test_in_parallel_nobody_waits():
    found = db(podManagementPolicy="Parallel")
    assert series.plan(found, [made(1, is_ready=False)], NOW) == series.Plan(make=(0, 2))


def test_numbers_may_begin_later():
    assert series.plan(db(2, ordinals={"start": 5}), [], NOW) == series.Plan(make=(5,))


def test_pods_go_from_the_last_one_at_a_time():
    found = [made(0), made(1), made(2)]
    assert names(series.plan(db(1), found, NOW).delete) == ["db-2"]
    going = [made(0), made(1), made(2, **GOING)]
    assert series.plan(db(1), going, NOW) == series.Plan()
    parallel = db(1, podManagementPolicy="Parallel")
    assert names(series.plan(parallel, found, NOW).delete) == ["db-2", "db-1"]


def test_a_pod_that_has_ended_is_replaced():
    ended = made(0)
    ended["status"]["phase"] = "Failed"
    assert names(series.plan(db(), [ended], NOW).delete) == ["db-0"]


def test_old_pods_are_renewed_from_the_last():
    found = [made(0, old=True), made(1, old=True), made(2)]
    assert names(series.plan(db(), found, NOW).delete) == ["db-1"]
    unready = [made(0, old=True), made(1, old=True), made(2, is_ready=False)]
    assert series.plan(db(), unready, NOW) == series.Plan()


def test_a_partition_keeps_the_first_as_they_are():
    found = [made(0, old=True), made(1, old=True), made(2, old=True)]
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    assert names(series.plan(db(updateStrategy=rolling), found, NOW).delete) == ["db-2"]
    kept = [made(0, old=True), made(1, old=True), made(2)]
    assert series.plan(db(updateStrategy=rolling), kept, NOW) == series.Plan()


def test_on_delete_renews_nothing():
    by_hand = db(updateStrategy={"type": "OnDelete"})
    assert series.plan(by_hand, [made(0, old=True), made(1), made(2)], NOW) == series.Plan()


def test_an_old_pod_that_never_gets_ready_does_not_block_its_replacement():
    stuck = made(0, old=True, is_ready=False)
    assert names(series.plan(db(), [stuck], NOW).delete) == ["db-0"]


def test_a_set_that_goes_does_nothing():
    leaving = db()
    leaving["metadata"] |= GOING
    assert series.plan(leaving, [], NOW) == series.Plan()


def test_the_status_tells_of_both_revisions():
    found = db()
    found["status"] = {"currentRevision": "old"}
    status = series.status(found, [made(0, old=True), made(1, is_ready=False)], NOW)
    assert status == {
        "observedGeneration": 1,
        "replicas": 2,
        "availableReplicas": 1,
        "readyReplicas": 1,
        "currentReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "old",
        "updateRevision": series.revision(found),
        "collisionCount": 0,
    }
    whole = series.status(found, [made(0), made(1), made(2)], NOW)
    assert whole["currentRevision"] == whole["updateRevision"]
    assert whole["currentReplicas"] == 3


def test_the_revision_is_that_of_the_template():
    changed = db()
    changed["spec"]["template"] = template(app="web", hostNetwork=True)
    assert series.revision(changed) != series.revision(db())
    assert series.revision(db(7)) == series.revision(db())


STATES = st.dictionaries(
    st.integers(0, 5),
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["Running", "Failed"])),
)


@given(st.integers(0, 4), STATES, st.sampled_from(["OrderedReady", "Parallel"]))
def test_from_any_state_the_wanted_pods_come_to_be(
    wanted: int, state: dict[int, tuple[bool, bool, bool, str]], policy: str
):
    found = {}
    for number, (old, is_ready, going, phase) in state.items():
        found[number] = made(number, old=old, is_ready=is_ready, **(GOING if going else {}))
        found[number]["status"]["phase"] = phase
    owned = db(wanted, podManagementPolicy=policy)
    for _ in range(40):
        plan = series.plan(owned, found.values(), NOW)
        gone = [one["metadata"]["name"] for one in plan.delete]
        idle = not plan.make and not plan.delete
        settled = all(one["status"]["phase"] == "Running" for one in found.values())
        after = {
            number: one
            if one["status"]["phase"] == "Failed"
            else made(number, old=one["metadata"]["labels"][series.REVISION] == "old")
            for number, one in found.items()
            if one["metadata"]["name"] not in gone and not deleting(one)
        }
        after |= {number: made(number, is_ready=False) for number in plan.make}
        if idle and settled and after == found:
            break
        found = after
    assert sorted(found) == list(range(wanted))
    assert all(one["metadata"]["labels"][series.REVISION] != "old" for one in found.values())
