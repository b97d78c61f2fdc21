"""Asks are held against the policy; what cannot be seen passes only where nothing is restricted."""

from __future__ import annotations

import pytest

from wharfinger.hosts.on_host.docker_authz import decision
from wharfinger.hosts.on_host.docker_authz.asks import (
    Built,
    Imported,
    Loaded,
    Named,
    Reached,
    image_name,
)
from wharfinger.hosts.on_host.docker_authz.decision import ALLOWED, Seen
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessPolicy

OPEN = AccessPolicy()
LISTED = AccessPolicy.from_lists(["good.test"], ["all"])
PARTIAL = AccessPolicy.from_lists(["good.test/team"], [])


def refusal(ask, policy, seen=None):
    made = decision.decide([ask], policy, seen or Seen())
    assert made.allowed == (made.message == "")
    return made.message


def test_a_refusal_says_what_was_asked_and_the_rule():
    told = refusal(Named("pull of", image_name("busybox:1")), LISTED)

    assert told == (
        "pull of docker.io/library/busybox:1: docker.io is blocked by site rule block: all, "
        "not on allow"
    )


def test_one_refusal_among_many_asks_is_enough():
    good, bad = (Named("tag as", image_name(name)) for name in ("good.test/a", "bad.test/a"))

    assert decision.decide([good, good], LISTED, Seen()) == ALLOWED
    assert not decision.decide([good, bad], LISTED, Seen()).allowed


@pytest.mark.parametrize("ask", [Built("build"), Loaded(), Imported()])
def test_what_cannot_be_seen_passes_without_rules_only(ask):
    assert refusal(ask, OPEN) == ""
    assert refusal(ask, LISTED) != ""
    assert refusal(ask, AccessPolicy.from_lists(None, ["bad.test"])) != ""
    assert refusal(ask, AccessPolicy.from_lists([], [])) != ""


def test_a_build_passes_behind_the_gate_unless_rules_speak_of_parts():
    assert refusal(Built("build"), LISTED, Seen(gated=True)) == ""
    assert "parts of a registry" in refusal(Built("build"), PARTIAL, Seen(gated=True))


def test_a_load_passes_with_a_ticket():
    assert refusal(Loaded("x"), LISTED, Seen(admitted=True)) == ""
    assert refusal(Imported(), LISTED, Seen(admitted=True, gated=True)) != ""


@pytest.mark.parametrize(
    ("allow", "block", "registry", "reached"),
    [
        (["good.test"], ["all"], "good.test", True),
        (["good.test"], ["all"], "bad.test", False),
        (["good.test/team"], ["all"], "good.test", True),
        (["good.test/team"], ["good.test"], "good.test", True),
        (["good.test/team"], ["good.test/team"], "good.test", False),
        (None, ["good.test/team"], "good.test", True),
        (None, ["good.test"], "good.test:443", False),
        (["docker.io"], [], "registry-1.docker.io", True),
        (["*.good.test"], [], "a.good.test:5000", True),
    ],
)
def test_a_registry_is_reached_where_a_part_of_it_may_be_had(allow, block, registry, reached):
    policy = AccessPolicy.from_lists(allow, block)
    ask = Reached("search in", RegistryHost.parse(registry))

    assert (refusal(ask, policy) == "") is reached
