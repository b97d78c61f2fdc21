"""Credential files and their lookup: the recorded cases, and files of every shape."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential, InvalidCredentials, Keyring

DOCUMENT = json.loads((Path(__file__).parents[1] / "vectors" / "keyring.json").read_text())


def lookup(case: dict) -> dict:
    files = [{key: Credential("user", key)} for key in case["keys"]]
    found = Keyring(files).lookup(case["image"])
    return {"matches": [credential.password for credential in found]}


OPERATIONS = {
    "urlMatch": lambda case: {"match": credentials.matches(case["pattern"], case["target"])},
    "isDefaultRegistry": lambda case: {"match": credentials.is_hub_image(case["image"])},
    "lookup": lookup,
}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in DOCUMENT["cases"]])
def test_credentials_are_found_as_recorded(case):
    assert OPERATIONS[case["input"]["op"]](case["input"]) == case["expect"]


def test_lookup_keeps_every_credential_of_a_registry():
    ring = Keyring(
        [{"hub.test": Credential("a", "old")}, {"https://hub.test/v2/": Credential("a", "new")}]
    )

    assert [found.password for found in ring.lookup("hub.test/team/app")] == ["old", "new"]
    assert ring.registries("hub.test/team/app") == ["hub.test", "https://hub.test/v2/"]


@pytest.mark.parametrize(
    "image", ["hub.test.evil.test/x", "evil.test/hub.test", "hub.test:5000/x", "xhub.test/x"]
)
def test_a_credential_never_goes_to_another_host(image):
    assert Keyring([{"hub.test": Credential("a", "secret")}]).lookup(image) == []


@pytest.mark.parametrize("image", ["user@hub.test/x", "hub.test:port/x", "hub .test/x"])
def test_what_is_no_host_gets_nothing(image):
    assert (
        Keyring([{"*.test": Credential("a", "b"), "hub.test": Credential("a", "b")}]).lookup(image)
        == []
    )


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}\.test(:[0-9]{2,4})?", fullmatch=True),
        st.builds(Credential, TEXT.filter(lambda name: ":" not in name), TEXT, TEXT, TEXT),
    )
)
def test_both_forms_read_back_what_was_written(found):
    assert credentials.parse_dockercfg(credentials.dockercfg(found)) == found
    assert credentials.parse_dockerconfigjson(credentials.dockerconfigjson(found)) == found


def test_auth_is_what_counts_when_both_are_there():
    auth = base64.b64encode(b"u:p:q").decode()
    text = json.dumps({"hub.test": {"auth": auth, "username": "x", "password": "y"}})

    assert credentials.parse_dockercfg(text) == {"hub.test": Credential("u", "p:q")}


def test_auth_without_padding_is_read():
    auth = base64.b64encode(b"user:pw").decode().rstrip("=")

    assert credentials.parse_dockercfg(json.dumps({"h.test": {"auth": auth}})) == {
        "h.test": Credential("user", "pw")
    }


def test_a_login_with_an_identity_token_and_an_empty_entry_are_read():
    text = json.dumps(
        {"auths": {"h.test": {"identitytoken": "t"}, "e.test": {}}, "credsStore": "x"}
    )

    assert credentials.parse_dockerconfigjson(text) == {
        "h.test": Credential(identity_token="t"),
        "e.test": Credential(),
    }


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '"x"', '{"h": 1}', '{"h": {"auth": "!"}}', '{"h": {"auth": "eA=="}}',
        '{"h": {"password": 1}}', '{"h": {"auth": "/w=="}}', "[" * 100_000, '{"a":"' + "x" * (1 << 20),
    ],
)  # fmt: skip
def test_refuses_a_file_it_cannot_read(text):
    with pytest.raises(InvalidCredentials):
        credentials.parse_dockercfg(text)


def test_refuses_auths_that_is_no_object():
    with pytest.raises(InvalidCredentials):
        credentials.parse_dockerconfigjson('{"auths": []}')


def test_no_message_and_no_repr_shows_a_password():
    with pytest.raises(InvalidCredentials) as caught:
        credentials.parse_dockercfg('{"hub.test": {"password": "hunter2", "auth": "hunter2!"}} x')

    shown = f"{caught.value} {caught.value.remedy} {caught.value.__cause__} {Credential('u', 'hunter2')!r}"
    assert "hunter2" not in shown
