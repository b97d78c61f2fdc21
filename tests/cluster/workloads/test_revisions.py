from __future__ import annotations

from typing import Any

import pytest

from made_pods import owned_by, owner, template, workload
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
from wharfinger.cluster.workloads import revisions


def deployment(**more: Any) -> Object:
    found = owner(**workload(3), **more)
    found["metadata"]["annotations"] = {
        "note": "x",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    return found


def made(number: int = 1, found: Object | None = None, **status: Any) -> Object:
    """A ReplicaSet as it is stored."""
    result = revisions.replica_set(DEPLOYMENT, found or deployment(), number)
    result["metadata"] |= {
        "uid": f"uid-{number}",
        "creationTimestamp": f"2027-01-0{number}",
        "generation": 1,
    }
    result["status"] = {"observedGeneration": 1, **status}
    return result


def test_a_new_set_has_the_template_under_a_name_of_its_own():
    web = deployment(minReadySeconds=5)
    one = revisions.replica_set(DEPLOYMENT, web, 3)
    hashed = one["metadata"]["labels"][revisions.HASH]

    assert one["metadata"]["name"] == f"web-{hashed}"
    assert one["metadata"]["annotations"] == {"note": "x", revisions.REVISION: "3"}
    assert one["metadata"]["ownerReferences"] == [owned_by(web, "Deployment")]
    assert one["spec"]["selector"] == {"matchLabels": {"app": "web", revisions.HASH: hashed}}
    assert one["spec"]["template"]["metadata"]["labels"] == {"app": "web", revisions.HASH: hashed}
    assert (one["spec"]["replicas"], one["spec"]["minReadySeconds"]) == (0, 5)
    assert revisions.HASH not in web["spec"]["template"]["metadata"]["labels"]


def test_a_taken_name_is_made_another_by_the_count_of_collisions():
    web = deployment()
    first = revisions.replica_set(DEPLOYMENT, web, 1)
    web["status"]["collisionCount"] = 1
    assert (
        revisions.replica_set(DEPLOYMENT, web, 1)["metadata"]["name"] != first["metadata"]["name"]
    )


def test_the_present_set_is_known_by_its_template():
    web = deployment()
    one = made(1, web)
    changed = deployment()
    changed["spec"]["template"] = template(app="web", hostNetwork=True)

    assert revisions.present(web, [made(2, changed), one]) is one
    assert revisions.present(web, [made(2, changed)]) is None


def test_of_two_sets_with_the_template_the_older_is_the_present_one():
    older, newer = made(1), made(2)
    assert revisions.present(deployment(), [newer, older]) is older
    older["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    assert revisions.present(deployment(), [newer, older]) is newer


def test_the_present_set_has_the_highest_number():
    assert revisions.next_revision(None, []) == 1
    assert revisions.next_revision(None, [made(1), made(4)]) == 5
    last = made(4)
    assert revisions.next_revision(last, [made(1), last]) == 4
    back = made(1)
    assert revisions.next_revision(back, [back, made(4)]) == 5


@pytest.mark.parametrize("said", ["", "x", "-1", "1.5", "9" * 30, "٣"])
def test_a_number_that_is_none_counts_as_zero(said: str):
    assert revisions.revision({"metadata": {"annotations": {revisions.REVISION: said}}}) == 0


def test_the_history_keeps_as_many_as_it_is_to_have():
    web = deployment(revisionHistoryLimit=1)
    kept = made(1, replicas=1)
    unseen = made(2)
    unseen["status"] = {}
    empty = [made(5), made(3), made(4)]

    assert revisions.forgotten(web, [kept, unseen, *empty]) == [empty[1], empty[2]]
    assert revisions.forgotten(deployment(), [kept, *empty]) == []
