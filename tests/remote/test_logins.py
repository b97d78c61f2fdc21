import json
from pathlib import Path

import pytest

from wharfinger.oci.credentials import Credential, InvalidCredentials
from wharfinger.oci.reference import ImageReference
from wharfinger.remote import logins
from wharfinger.remote.logins import HelperFailed, LoginFile

HOME = Path("/home/ann")
ANN, BOB = Credential("ann", "a"), Credential("bob", "b")


def image(text: str) -> ImageReference:
    return ImageReference.parse(text)


def test_files_are_looked_into_in_the_order_of_podman():
    environ = {"XDG_RUNTIME_DIR": "/run/user/7", "DOCKER_CONFIG": "/etc/ann"}

    assert logins.paths(environ, HOME, 7) == [
        Path("/run/user/7/containers/auth.json"),
        HOME / ".config/containers/auth.json",
        Path("/etc/ann/config.json"),
        HOME / ".dockercfg",
    ]
    assert logins.paths({}, HOME, 0)[0] == Path("/run/containers/0/auth.json")
    assert logins.paths({"REGISTRY_AUTH_FILE": "/x"}, HOME, 7) == [Path("/x")]


@pytest.mark.parametrize(
    ("registry", "expected"),
    [("a.test", ANN), ("a.test:5000", BOB), ("b.test", BOB), ("docker.io", BOB), ("c.test", None)],
)
def test_the_first_file_with_a_login_decides(registry, expected):
    first = {"a.test": ANN, "b.test": Credential("helper"), "c.test/team": ANN}
    second = {"a.test": BOB, "a.test:5000": BOB, "b.test": BOB, "https://index.docker.io/v1/": BOB}

    files = [LoginFile(first), LoginFile(second)]
    assert logins.login(files, ImageReference(registry)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.test/team/app", BOB),
        ("a.test/team/app/part:1", BOB),
        ("a.test/team/other", ANN),
        ("a.test/teamwork/app", None),
        ("A.TEST/team/other", ANN),
        ("docker.io/library/busybox", ANN),
    ],
)
def test_the_longest_part_of_a_name_that_has_a_login_decides(name, expected):
    file = LoginFile(
        {"a.test/team": ANN, "a.test/team/app": BOB, "https://registry-1.docker.io/v2/": ANN}
    )

    assert logins.login([file], image(name)) == expected


def test_a_helper_is_asked_for_what_a_file_leaves_to_it():
    content = {
        "auths": {"a.test": {}, "b.test": {"auth": "YW5uOmE="}},
        "credHelpers": {"a.test": "one", "docker.io": "hub"},
        "credsStore": "all",
    }
    file = logins.parse(json.dumps(content).encode(), HOME / "config.json")
    asked = []

    def helper(program, server):
        asked.append((program, server))
        return BOB if program == "one" else None

    assert logins.login([file], image("a.test/team/app"), helper) == BOB
    assert logins.login([file], image("b.test/team/app"), helper) == ANN
    assert logins.login([file], image("docker.io/library/app"), helper) is None
    assert asked == [("one", "a.test"), ("all", "b.test"), ("hub", logins.HUB_SERVER)]
    assert logins.login([file], image("a.test/team/app")) is None


@pytest.mark.parametrize("name", ["../x", "a b", "", "-x", 7, ["x"]])
def test_a_helper_is_the_name_of_a_program_and_no_path(name):
    with pytest.raises(InvalidCredentials):
        logins.parse(
            json.dumps({"auths": {}, "credHelpers": {"a.test": name}}).encode(), HOME / "auth.json"
        )


def test_what_a_helper_says_is_a_login_or_a_token():
    said = b'{"ServerURL": "x", "Username": "ann", "Secret": "a"}'
    token = b'{"ServerURL": "x", "Username": "<token>", "Secret": "t0ken"}'

    assert logins.parse_helped(said, "one") == ANN
    assert logins.parse_helped(token, "one") == Credential(identity_token="t0ken")


@pytest.mark.parametrize(
    "said", [b"", b"[]", b'{"Username": "sesame"}', b'{"Username":1,"Secret":2}']
)
def test_what_is_no_answer_of_a_helper_is_told_without_what_is_in_it(said):
    with pytest.raises(HelperFailed) as caught:
        logins.parse_helped(said, "one")
    assert "sesame" not in str(caught.value)


def test_both_forms_of_the_file_are_read():
    entry = b'{"a.test": {"auth": "YW5uOmE="}}'

    assert logins.parse(entry, HOME / ".dockercfg") == LoginFile({"a.test": ANN})
    assert logins.parse(b'{"auths": %s}' % entry, HOME / "auth.json") == LoginFile({"a.test": ANN})
    with pytest.raises(InvalidCredentials):
        logins.parse(b"{", HOME / "auth.json")
