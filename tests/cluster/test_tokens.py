"""Only what we signed, for whom and until when we signed it, is a token (faults.md 36)."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wharfinger.cluster import proofs
from wharfinger.cluster.proofs import (
    AccountProof,
    AdministratorProof,
    AnonymousProof,
    BoundSecret,
    NotProven,
    PasswordProof,
    SessionProof,
)
from wharfinger.cluster.tokens import (
    ISSUER,
    SigningKey,
    Tokens,
    administrator_token,
    looks_signed,
)

PROOF = AccountProof("p", "pusher", "uid-1")
KEY = SigningKey.generate()


class Clock:
    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(clock):
    return Tokens(KEY, clock=clock)


def encoded(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def claims(clock, **changes):
    now = int(clock())
    genuine = {"iss": ISSUER, "aud": [ISSUER], "iat": now, "nbf": now, "exp": now + 60}
    return genuine | proofs.encode(PROOF) | changes


def signed(header, payload, key=KEY):
    """Sign with our own key, whatever the header says besides."""
    signing_input = f"{encoded(header)}.{encoded(payload)}"
    der = key.key.private_key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    signature = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))
    return f"{signing_input}.{encoded(signature)}"


HEADER = {"alg": "ES256", "kid": KEY.id, "typ": "JWT"}


@pytest.mark.parametrize(
    "proof",
    [
        PROOF,
        AccountProof("p", "pusher", "uid-1", BoundSecret("s", "uid-2")),
        SessionProof("ada", "0" * 64),
        PasswordProof("ada", "f" * 32),
        AdministratorProof(),
        AnonymousProof(),
    ],
)
def test_a_token_gives_back_the_proof_that_it_was_issued_for(tokens, proof):
    assert tokens.read(tokens.issue(proof, lifetime=60).token).proof == proof


def test_the_tests_own_signer_makes_tokens_that_pass(tokens, clock):
    assert tokens.read(signed(HEADER, claims(clock))).proof == PROOF


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "jwk": KEY.key.as_dict(private=False)},
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "jku": "https://evil.test/keys"},
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "x5u": "https://evil.test/chain"},
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "x5c": ["AAAA"]},
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "crit": ["exp"]},
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "crit": []},
        {"alg": "ES256", "kid": KEY.id, "typ": "JWT", "b64": False, "crit": ["b64"]},
        {"alg": "ES256", "kid": "../../dev/null", "typ": "JWT"},
        {"alg": "ES256", "kid": "' OR 1=1 --", "typ": "JWT"},
        {"alg": "ES256", "kid": None, "typ": "JWT"},
        {"alg": "ES256", "typ": "JWT"},
        {"alg": "none", "kid": KEY.id, "typ": "JWT"},
        {"alg": "None", "kid": KEY.id, "typ": "JWT"},
        {"alg": "ES512", "kid": KEY.id, "typ": "JWT"},
        {"kid": KEY.id, "typ": "JWT"},
        [],
        None,
    ],
)
def test_a_header_that_we_do_not_write_is_refused_even_over_a_genuine_signature(
    tokens, clock, header
):
    """CVE-2025-24976, CVE-2026-27962: a key in the header is never used; `crit` is never skipped."""
    with pytest.raises(NotProven, match="header"):
        tokens.read(signed(header, claims(clock)))


def test_alg_none_without_signature_is_refused(tokens, clock):
    for algorithm in ("none", "NONE", "nOnE"):
        header = HEADER | {"alg": algorithm}
        with pytest.raises(NotProven):
            tokens.read(f"{encoded(header)}.{encoded(claims(clock))}.")


def test_an_hmac_keyed_with_the_public_key_is_refused(tokens, clock):
    public = KEY.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for header in (HEADER | {"alg": "HS256"}, HEADER):
        signing_input = f"{encoded(header)}.{encoded(claims(clock))}"
        signature = hmac.digest(public, signing_input.encode(), hashlib.sha256)
        with pytest.raises(NotProven):
            tokens.read(f"{signing_input}.{encoded(signature)}")


def test_another_key_is_refused_even_under_our_key_id(tokens, clock):
    with pytest.raises(NotProven, match="signature"):
        tokens.read(signed(HEADER, claims(clock), SigningKey.generate()))


def test_a_repeated_member_of_the_header_is_refused(tokens, clock):
    header = f'{{"alg":"none","alg":"ES256","kid":"{KEY.id}","typ":"JWT"}}'.encode()
    with pytest.raises(NotProven):
        tokens.read(signed(header, claims(clock)))


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_changed_part_is_refused(tokens, position):
    parts = tokens.issue(PROOF, lifetime=60).token.split(".")
    parts[position] = parts[position][:-3] + ("AAA" if parts[position][-3:] != "AAA" else "BBB")
    with pytest.raises(NotProven):
        tokens.read(".".join(parts))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", "a.b.c\n", "é.b.c", "A" * 20_000 + ".b.c", "\0"],
)
def test_what_has_not_the_form_of_a_token_is_refused(tokens, text):
    with pytest.raises(NotProven):
        tokens.read(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ISSUER + "/"},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"wharfinger/administrator": True},
    ],
)
def test_other_issuers_and_two_proofs_are_refused(tokens, clock, changes):
    with pytest.raises(NotProven):
        tokens.read(signed(HEADER, claims(clock, **changes)))


def test_a_token_without_a_proof_is_refused(tokens, clock):
    bare = {name: value for name, value in claims(clock).items() if name != "kubernetes.io"}
    with pytest.raises(NotProven, match="whose"):
        tokens.read(signed(HEADER, bare))


def test_a_token_holds_from_its_start_until_its_end_and_not_a_second_longer(tokens, clock):
    token = tokens.issue(PROOF, lifetime=60).token
    for moved, holds in ((0, True), (59, True), (60, False), (10**9, False), (-1, False)):
        clock.now = 1_800_000_000.0 + moved
        if holds:
            assert tokens.read(token).proof == PROOF
        else:
            with pytest.raises(NotProven):
                tokens.read(token)


def test_a_token_without_lifetime_holds_for_ever(tokens, clock):
    token = administrator_token(tokens)
    clock.now += 10**9
    assert tokens.read(token).proof == AdministratorProof()


def test_audiences_default_to_the_object_api(tokens):
    assert tokens.read(tokens.issue(PROOF, lifetime=60).token).audiences == (ISSUER,)
    asked = tokens.issue(PROOF, audiences=["registry"], lifetime=60)
    assert tokens.read(asked.token).audiences == ("registry",)


def test_a_key_that_was_stored_and_loaded_reads_the_tokens_of_before(tokens, clock):
    again = Tokens(SigningKey.load(KEY.pem()), clock=clock)
    assert again.read(tokens.issue(PROOF, lifetime=60).token).proof == PROOF


def test_no_two_tokens_are_the_same(tokens):
    assert tokens.issue(PROOF, lifetime=60).token != tokens.issue(PROOF, lifetime=60).token


def test_passwords_do_not_look_like_tokens(tokens):
    assert looks_signed(tokens.issue(PROOF, lifetime=60).token)
    assert not looks_signed("correct horse battery staple")


def test_a_token_ends_with_the_credential_that_it_was_had_for(tokens, clock):
    now = int(clock())

    assert tokens.issue(PROOF, lifetime=300, not_after=now + 60).expires == now + 60
    assert tokens.issue(PROOF, lifetime=300, not_after=now + 600).expires == now + 300
    assert tokens.issue(PROOF, lifetime=None, not_after=now + 60).expires == now + 60
    assert tokens.issue(PROOF, lifetime=None).expires is None
