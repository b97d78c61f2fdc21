"""An entry says who did what to which object, and nothing that could be a secret."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster.authorize import Decision
from wharfinger.cluster.subject import AUTHENTICATED, MASTERS, Subject
from wharfinger.server import audit
from wharfinger.server.audit import Exchange, Trail
from wharfinger.server.kube_paths import Target

ADA = Subject("ada", "06f6", (MASTERS, AUTHENTICATED), {"scopes": ("all",)})
BOB = Subject("bob", groups=(AUTHENTICATED,))
PODS = Target("", "v1", "pods", "dock", "web", "eviction")
ASKED = Exchange(
    identifier="4a0e",
    method="POST",
    path="/api/v1/namespaces/dock/pods/web/eviction",
    query="",
    client="192.0.2.7",
    agent="kubectl/v1.35.0",
    proven=ADA,
    subject=ADA,
    received=1_800_000_000.25,
    ended=1_800_000_001.5,
    code=201,
)


def test_an_entry_has_all_that_readers_of_audits_look_for():
    trail = Trail("create", PODS, decision=Decision(True, "RBAC: allowed by the list"))

    assert audit.event(trail, ASKED) == {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "4a0e",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/dock/pods/web/eviction",
        "verb": "create",
        "user": {
            "username": "ada",
            "uid": "06f6",
            "groups": (MASTERS, AUTHENTICATED),
            "extra": {"scopes": ("all",)},
        },
        "sourceIPs": ["192.0.2.7"],
        "userAgent": "kubectl/v1.35.0",
        "objectRef": {
            "resource": "pods",
            "namespace": "dock",
            "name": "web",
            "apiVersion": "v1",
            "subresource": "eviction",
        },
        "responseStatus": {"metadata": {}, "code": 201},
        "requestReceivedTimestamp": "2027-01-15T08:00:00.250000Z",
        "stageTimestamp": "2027-01-15T08:00:01.500000Z",
        "annotations": {
            "authorization.k8s.io/decision": "allow",
            "authorization.k8s.io/reason": "RBAC: allowed by the list",
        },
    }


def test_who_was_put_on_stands_beside_who_did_it():
    entry = audit.event(Trail(), replace(ASKED, subject=BOB))

    assert entry["user"]["username"] == "ada"
    assert entry["impersonatedUser"] == {"username": "bob", "groups": (AUTHENTICATED,)}
    assert "impersonatedUser" not in audit.event(Trail(), ASKED)


def test_a_refusal_says_why():
    trail = Trail("list", PODS, decision=Decision(False, "no role"), reason="Forbidden")

    entry = audit.event(trail, replace(ASKED, code=403))

    assert entry["responseStatus"]["reason"] == "Forbidden"
    assert entry["annotations"]["authorization.k8s.io/decision"] == "forbid"


def test_who_could_not_be_proven_is_nobody():
    assert audit.event(Trail(), replace(ASKED, proven=None, subject=None, code=401))["user"] == {}


def test_a_created_object_is_named_though_its_path_does_not():
    trail = Trail("create", Target("", "v1", "secrets", "dock"))
    trail.made({"metadata": {"name": "key", "uid": "1b2c"}, "data": {"token": "c2VjcmV0"}})

    entry = audit.event(trail, ASKED)

    assert entry["objectRef"]["name"] == "key"
    assert entry["objectRef"]["uid"] == "1b2c"
    assert "c2VjcmV0" not in str(entry)


def test_a_path_that_names_no_resource_has_no_object():
    entry = audit.event(Trail(), replace(ASKED, method="GET", path="/version"))

    assert "objectRef" not in entry
    assert entry["verb"] == "get"


def test_of_a_query_only_options_are_kept():
    asked = replace(ASKED, query="labelSelector=a%3Db&access_token=s3cret&limit=2")

    assert audit.event(Trail(), asked)["requestURI"].endswith("?labelSelector=a%3Db&limit=2")


@given(st.text(), st.text(alphabet=st.characters(codec="latin-1")))
def test_no_path_and_no_query_stop_an_entry(path, query):
    assert audit.event(Trail(), replace(ASKED, path=path, query=query))["requestURI"].isascii()
