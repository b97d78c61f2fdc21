from __future__ import annotations

from made_pods import owned_by, owner, pod, template
from wharfinger.cluster.kinds.workloads.replica_set import REPLICA_SET
from wharfinger.cluster.workloads import ownership

SELECTOR = {"matchLabels": {"app": "web"}}


def names(found):
    return [one["metadata"]["name"] for one in found]


def test_what_matches_and_has_no_owner_is_adopted():
    claims = ownership.claim(owner(), SELECTOR, [pod("a"), pod("b", labels={"app": "other"})])

    assert (names(claims.owned), names(claims.adopt), names(claims.release)) == ([], ["a"], [])


def test_what_is_owned_and_matches_no_more_is_released():
    web = owner()
    claims = ownership.claim(web, SELECTOR, [pod("a", owner=web), pod("b", owner=web, labels={})])

    assert (names(claims.owned), names(claims.adopt), names(claims.release)) == (["a"], [], ["b"])


def test_what_another_owner_controls_is_left_alone():
    claims = ownership.claim(owner(), SELECTOR, [pod("a", owner=owner("other"))])

    assert claims == ownership.Claims((), (), ())


def test_what_goes_is_not_adopted():
    leaving = pod("a", deletionTimestamp="2027-01-15T08:00:00Z")
    assert not ownership.claim(owner(), SELECTOR, [leaving]).adopt


def test_an_owner_that_goes_neither_adopts_nor_releases():
    web = owner()
    web["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    claims = ownership.claim(web, SELECTOR, [pod("a"), pod("b", owner=web, labels={})])

    assert claims == ownership.Claims((), (), ())


def test_no_selector_chooses_nothing():
    assert ownership.claim(owner(), None, [pod("a")]) == ownership.Claims((), (), ())


def test_an_adopted_pod_names_its_owner_and_a_released_one_does_not():
    web = owner()
    adopted = ownership.adopted(REPLICA_SET, web, pod("a"))

    assert adopted["metadata"]["ownerReferences"] == [owned_by(web)]
    assert ownership.released(web, adopted)["metadata"]["ownerReferences"] == []
    assert "ownerReferences" not in pod("a")["metadata"]


def test_a_new_pod_follows_the_template_and_names_its_owner():
    web, found = owner(), template()
    found["metadata"] |= {"annotations": {"note": "x"}, "finalizers": ["own.test/hold"]}
    made = ownership.pod_for(REPLICA_SET, web, found)

    assert made["metadata"] == {
        "generateName": "web-",
        "labels": {"app": "web"},
        "annotations": {"note": "x"},
        "finalizers": ["own.test/hold"],
        "ownerReferences": [owned_by(web)],
    }
    assert made["spec"] == found["spec"]
    made["spec"]["containers"].clear()
    assert found["spec"]["containers"]


def test_a_hash_is_of_the_content_and_its_salt():
    one = ownership.hash_of({"a": 1, "b": [2]})

    assert one == ownership.hash_of({"b": [2], "a": 1})
    assert one != ownership.hash_of({"a": 1, "b": [3]})
    assert one != ownership.hash_of({"a": 1, "b": [2]}, salt=1)
    assert len(one) == 10
    assert one.isalnum()
