from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from made_pods import owner, workload
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import conditions, progress

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=600)


def replica_set(name: str, asked: int, ready: int, **status: Any) -> Object:
    found = owner(name, **workload(asked))
    found["status"] = {
        "replicas": asked,
        "readyReplicas": ready,
        "availableReplicas": ready,
        **status,
    }
    return found


def told(found: dict[str, Any], type_: str) -> tuple[str, str, str]:
    one = conditions.condition({"status": found}, type_)
    assert one is not None
    return one["status"], one["reason"], one["message"]


def test_the_counts_are_those_of_all_sets():
    found = progress.status(
        owner(**workload(3)), replica_set("new", 2, 1), [replica_set("old", 2, 2)], NOW
    )

    names = (
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
    )
    assert tuple(found[name] for name in names) == (4, 2, 3, 3, 1)
    assert found["observedGeneration"] == 1


def test_a_deployment_is_available_while_enough_pods_are():
    web = owner(**workload(4))
    found = progress.status(web, replica_set("new", 4, 3), [], NOW)
    assert told(found, "Available") == (
        "True", "MinimumReplicasAvailable", "Deployment has minimum availability.",
    )  # fmt: skip
    found = progress.status(web, replica_set("new", 4, 2), [], NOW)
    assert told(found, "Available")[:2] == ("False", "MinimumReplicasUnavailable")


def after(*steps: tuple[int, datetime], **spec: Any) -> dict[str, Any]:
    """The status after looks at which so many pods were ready."""
    web = owner(**workload(3, **spec))
    for ready, now in steps:
        web["status"] = progress.status(web, replica_set("new", 3, ready), [], now)
    return web["status"]


def test_progress_is_told_from_the_first_set_to_the_last_pod():
    assert told(after((0, NOW)), "Progressing") == (
        "True", "NewReplicaSetCreated", 'Created new replica set "new"',
    )  # fmt: skip
    assert told(after((0, NOW), (1, NOW)), "Progressing") == (
        "True", "ReplicaSetUpdated", 'ReplicaSet "new" is progressing.',
    )  # fmt: skip
    assert told(after((0, NOW), (1, NOW), (3, NOW)), "Progressing") == (
        "True", "NewReplicaSetAvailable", 'ReplicaSet "new" has successfully progressed.',
    )  # fmt: skip


def test_looking_again_changes_nothing():
    assert after((0, NOW), (1, NOW)) == after((0, NOW), (1, NOW), (1, LATER - timedelta(seconds=1)))
    assert after((3, NOW)) == after((3, NOW), (3, LATER))


def test_a_rollout_that_stands_still_has_failed_after_its_deadline():
    overdue = ("False", "ProgressDeadlineExceeded", 'ReplicaSet "new" has timed out progressing.')
    assert told(after((0, NOW), (0, LATER)), "Progressing") == overdue
    assert (
        told(
            after((0, NOW), (0, NOW + timedelta(seconds=9)), progressDeadlineSeconds=9),
            "Progressing",
        )
        == overdue
    )
    moved = after((0, NOW), (1, LATER - timedelta(seconds=1)), (1, LATER))
    assert told(moved, "Progressing")[1] == "ReplicaSetUpdated"


def test_a_rollout_that_gets_on_after_all_has_not_failed():
    late = after((0, NOW), (0, LATER), (3, LATER))
    assert told(late, "Progressing")[:2] == ("True", "NewReplicaSetAvailable")


def test_pods_that_are_lost_later_are_no_failed_rollout():
    lost = after((3, NOW), (2, LATER), (2, LATER + timedelta(seconds=600)))
    assert told(lost, "Progressing")[1] == "NewReplicaSetAvailable"


def test_the_next_look_is_at_the_deadline():
    web = owner(**workload(3))
    web["status"] = after((0, NOW))
    assert progress.overdue_in(web, NOW + timedelta(seconds=590)) == 10.0
    web["status"] = after((3, NOW))
    assert progress.overdue_in(web, NOW) is None
    assert progress.overdue_in(owner(**workload(3)), NOW) is None


def test_a_paused_deployment_says_so():
    found = progress.status(
        owner(**workload(3, paused=True)), None, [replica_set("old", 3, 3)], NOW
    )
    assert told(found, "Progressing") == ("Unknown", "DeploymentPaused", "Deployment is paused")


def test_what_keeps_pods_from_being_made_is_told():
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "no",
    }
    failing = replica_set("new", 3, 0, conditions=[failure])
    web = owner(**workload(3))
    web["status"] = progress.status(web, failing, [], NOW)
    assert told(web["status"], "ReplicaFailure") == ("True", "FailedCreate", "no")

    healed = progress.status(web, replica_set("new", 3, 0), [], NOW)
    assert conditions.condition({"status": healed}, "ReplicaFailure") is None
