from __future__ import annotations

import json

import pytest

from wharfinger.hosts.containers import policy, scopes
from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.access import AccessPolicy

ACCEPT = {"type": "insecureAcceptAnything"}
REJECT = {"type": "reject"}
SIGNED = {"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/site.gpg"}

CLOSED = AccessPolicy.from_lists(["quay.io/team"], ["all"])
BLOCKS = AccessPolicy.from_lists(None, ["quay.io:5000"])


def document(docker: dict | None = None, default: dict = ACCEPT) -> bytes:
    found: dict = {"default": [default]}
    if docker is not None:
        found["transports"] = {"docker": docker}
    return json.dumps(found, indent=4).encode()


def docker_of(content: bytes) -> dict:
    return json.loads(content).get("transports", {}).get("docker", {})


def test_a_block_list_rejects_by_scope_and_leaves_the_default() -> None:
    edited = scopes.edited(document(), None, BLOCKS)

    assert json.loads(edited)["default"] == [ACCEPT]
    assert docker_of(edited) == {"quay.io:5000": [REJECT]}


def test_a_closed_site_rejects_all_registries_but_no_other_transport() -> None:
    content = json.dumps(
        {"default": [ACCEPT], "transports": {"docker-daemon": {"": [ACCEPT]}}}
    ).encode()

    edited = scopes.edited(content, None, CLOSED)

    assert json.loads(edited)["default"] == [ACCEPT]
    assert json.loads(edited)["transports"]["docker-daemon"] == {"": [ACCEPT]}
    assert docker_of(edited) == {
        "": [REJECT],
        "quay.io/team": [ACCEPT],
        "quay.io:443/team": [ACCEPT],
        "quay.io:80/team": [ACCEPT],
    }


def test_a_host_without_a_policy_gets_one() -> None:
    assert json.loads(scopes.edited(None, None, BLOCKS))["default"] == [ACCEPT]


@pytest.mark.parametrize("wanted", [CLOSED, BLOCKS])
def test_a_second_time_changes_nothing(wanted: AccessPolicy) -> None:
    first = scopes.edited(document({"quay.io/team": [SIGNED]}, SIGNED), None, wanted)

    assert scopes.edited(first, wanted, wanted) == first


def test_what_an_earlier_apply_put_in_goes_and_the_rest_stays() -> None:
    before = document({"other.test": [REJECT], "quay.io/team": [SIGNED]})
    closed = scopes.edited(before, None, CLOSED)

    opened = scopes.edited(closed, CLOSED, AccessPolicy(block=()))

    assert docker_of(opened) == {"quay.io/team": [SIGNED]}


def test_a_reject_that_is_not_ours_outlives_an_open_site() -> None:
    content = document({"": [REJECT], "quay.io": [REJECT]})

    edited = scopes.edited(content, None, BLOCKS)

    assert docker_of(edited) == {"": [REJECT], "quay.io": [REJECT]}


def test_blocking_puts_a_reject_beside_signatures_and_allowing_takes_it_away() -> None:
    block = AccessPolicy.from_lists(None, ["quay.io"])
    allow = AccessPolicy.from_lists(["quay.io"], [])

    blocked = scopes.edited(document({"quay.io/team": [SIGNED]}), None, block)
    allowed = scopes.edited(blocked, block, allow)

    assert docker_of(blocked)["quay.io/team"] == [SIGNED, REJECT]
    assert docker_of(allowed)["quay.io/team"] == [SIGNED]
    assert docker_of(allowed)["quay.io"] == [ACCEPT]


def test_an_allowed_scope_asks_for_the_signatures_that_held_before() -> None:
    edited = scopes.edited(document(default=SIGNED), None, CLOSED)

    assert docker_of(edited)["quay.io/team"] == [SIGNED]


def test_an_accept_of_others_below_signatures_outlives_our_applies() -> None:
    content = document({"quay.io/team": [ACCEPT]}, default=SIGNED)

    first = scopes.edited(content, None, CLOSED)

    assert docker_of(scopes.edited(first, CLOSED, CLOSED))["quay.io/team"] == [ACCEPT]


def test_deeper_scopes_of_others_do_not_escape_a_block() -> None:
    content = document({"quay.io:5000/team/app:v1": [ACCEPT], "quay.io/team": [ACCEPT]})

    edited = docker_of(scopes.edited(content, None, BLOCKS))

    assert edited["quay.io:5000/team/app:v1"] == [REJECT]
    assert edited["quay.io/team"] == [ACCEPT]


def test_docker_hub_is_named_beside_a_wildcard_that_would_cover_it_as_text() -> None:
    allow = AccessPolicy.from_lists(["*.docker.io"], [])

    edited = docker_of(scopes.edited(document(), None, allow))

    assert edited["*.docker.io"] == [ACCEPT]
    assert edited["registry-1.docker.io"] == [REJECT]


def test_all_names_of_docker_hub_are_blocked() -> None:
    edited = docker_of(
        scopes.edited(document(), None, AccessPolicy.from_lists(None, ["docker.io"]))
    )

    assert {"docker.io", "docker.io:443", "registry-1.docker.io"} <= set(edited)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{}",
        b'{"default": []}',
        b'{"default": [{}]}',
        b'{"default": [{"type": "reject"}], "more": 1}',
        b'{"default": [{"type": "reject"}], "transports": {"docker": []}}',
    ],
)
def test_a_policy_that_the_tools_refuse_is_not_edited(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        scopes.edited(content, None, BLOCKS)


def test_the_most_exact_scope_decides() -> None:
    found = policy.parse(
        document(
            {
                "quay.io": [REJECT],
                "quay.io/team": [ACCEPT],
                "quay.io/team/app:v1": [REJECT],
                "*.site.test": [ACCEPT],
                "": [REJECT],
            }
        )
    )

    def scope(name: str) -> str:
        return found.section(ImageReference.parse(name)).scope

    assert scope("quay.io/team/app:v1") == "quay.io/team/app:v1"
    assert scope("quay.io/team/app:v2") == "quay.io/team"
    assert scope("quay.io/teams:v1") == "quay.io"
    assert scope("b.a.site.test:5000/app:v1") == "*.site.test"
    assert scope("site.test/app:v1") == ""
