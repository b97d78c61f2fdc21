"""Codes: one login each, for its asker, for a minute."""

import pytest

from wharfinger.cluster.openshift import codes
from wharfinger.cluster.openshift.codes import Codes
from wharfinger.cluster.proofs import NotProven, PasswordProof

ADA = PasswordProof("ada", "entry")
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def issued(clock):
    return Codes(clock=clock)


def test_the_challenge_is_that_of_the_standard():
    """https://www.rfc-editor.org/rfc/rfc7636#appendix-B"""
    assert codes.challenge_of(VERIFIER) == CHALLENGE
    assert codes.looks_like_challenge(CHALLENGE)


@pytest.mark.parametrize("text", ["", "short", f"{CHALLENGE}=", f"{CHALLENGE}\n", "ü" * 43])
def test_what_is_no_hash_is_no_challenge(text):
    assert not codes.looks_like_challenge(text)


def test_a_code_is_good_once(issued):
    code = issued.issue(ADA, CHALLENGE)

    assert issued.redeem(code, VERIFIER) is ADA
    with pytest.raises(NotProven):
        issued.redeem(code, VERIFIER)


@pytest.mark.parametrize("verifier", ["", "guessed", CHALLENGE, "\udcff"])
def test_a_code_is_worth_nothing_without_its_verifier_and_guessing_spends_it(issued, verifier):
    code = issued.issue(ADA, CHALLENGE)

    for given in (verifier, VERIFIER):
        with pytest.raises(NotProven):
            issued.redeem(code, given)


def test_a_code_ends_after_a_minute(issued, clock):
    old = issued.issue(ADA, CHALLENGE)
    clock.now += codes.LIFETIME - 1
    fresh = issued.issue(PasswordProof("bob", "entry"), CHALLENGE)
    clock.now += 1

    with pytest.raises(NotProven):
        issued.redeem(old, VERIFIER)
    assert issued.redeem(fresh, VERIFIER).user == "bob"


def test_codes_that_nobody_fetched_are_not_kept(issued, clock):
    for _ in range(3):
        issued.issue(ADA, CHALLENGE)
        clock.now += codes.LIFETIME

    issued.issue(ADA, CHALLENGE)

    assert len(issued) == 1
