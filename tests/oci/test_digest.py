import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci.digest import Digest, hasher
from wharfinger.oci.errors import InvalidDigest

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_digest_of_bytes_is_their_hash():
    assert str(Digest.of(b"")) == EMPTY
    assert Digest.of(b"", "sha512").hex.startswith("cf83e1357eefb8bd")


@given(st.binary(max_size=64), st.sampled_from(["sha256", "sha512"]))
def test_digest_survives_the_round_trip_through_text(data, algorithm):
    digest = Digest.of(data, algorithm)

    assert Digest.parse(str(digest)) == digest
    assert digest.matches(data)
    assert not digest.matches(data + b"x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        EMPTY[:-1],
        EMPTY + "0",
        EMPTY.upper(),
        EMPTY.replace("e3", "E3"),
        EMPTY + "\n",
        " " + EMPTY,
        "sha256:../../etc/passwd",
        "sha512:" + "a" * 64,
        "sha256:" + "a" * 128,
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha256:" + "٠" * 64,
        "sha256:" + "\0" * 64,
    ],
)
def test_text_outside_the_grammar_is_no_digest(text):
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


@given(st.text(max_size=200))
def test_any_text_is_a_digest_or_is_refused(text):
    with contextlib.suppress(InvalidDigest):
        assert str(Digest.parse(text)) == text


def test_hashing_in_pieces_gives_the_same_digest():
    state = hasher("sha512")
    state.update(b"wharf")
    state.update(b"inger")

    assert state.hexdigest() == Digest.of(b"wharfinger", "sha512").hex


def test_hashing_with_an_unknown_algorithm_is_refused():
    with pytest.raises(InvalidDigest):
        hasher("md5")
