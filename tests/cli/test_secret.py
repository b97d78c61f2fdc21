import base64
import json

import pytest

from wharfinger.cli.exit_codes import ExitCode
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential

PROJECT = "/api/v1/namespaces/team"


@pytest.fixture(autouse=True)
def account(server, kubeconfig):
    secrets = [{"name": "builder-dockercfg"}]
    server.add(f"{PROJECT}/secrets/hub")
    server.add(f"{PROJECT}/secrets/mirror")
    return server.add(
        f"{PROJECT}/serviceaccounts/builder", secrets=secrets, imagePullSecrets=list(secrets)
    )


def lists(server) -> tuple[list[str], list[str]]:
    found = server.objects[f"{PROJECT}/serviceaccounts/builder"]
    return tuple([entry["name"] for entry in found[key]] for key in ("secrets", "imagePullSecrets"))


def login(server, name: str) -> credentials.Credentials:
    data = server.objects[f"{PROJECT}/secrets/{name}"]["data"][".dockerconfigjson"]
    return credentials.parse_dockerconfigjson(base64.b64decode(data))


@pytest.mark.parametrize(
    "command",
    [
        ["secret", "docker-registry", "new", "--server", "hub.test", "--username", "bob"],
        [
            "create",
            "secret",
            "docker-registry",
            "new",
            "--docker-server=hub.test",
            "--docker-username=bob",
        ],
        ["secrets", "new-dockercfg", "new", "--docker-server=hub.test", "--docker-username=bob"],
    ],
)
def test_a_login_is_kept_as_clusters_keep_it(wharf, server, command):
    result = wharf(*command, "--password-stdin", stdin="hunter2\n")

    assert (result.code, result.out, result.err) == (ExitCode.OK, "secret/new created\n", "")
    made = server.objects[f"{PROJECT}/secrets/new"]
    assert made["type"] == "kubernetes.io/dockerconfigjson"
    assert login(server, "new") == {"hub.test": Credential("bob", "hunter2")}


def test_logins_can_come_from_a_file(wharf, server, tmp_path):
    found = {"hub.test": Credential("bob", "hunter2"), "other.test": Credential("b", "c")}
    for name, text in {
        "config.json": credentials.dockerconfigjson(found),
        ".dockercfg": credentials.dockercfg(found),
    }.items():
        (tmp_path / name).write_text(text)
        assert (
            wharf(
                "secret",
                "docker-registry",
                f"new{name[-4:]}".replace(".", ""),
                "--from-file",
                str(tmp_path / name),
            ).code
            == 0
        )

    assert [login(server, name) for name in ("newjson", "newrcfg")] == [found, found]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--server", "hub.test"],
        ["--username", "bob"],
        ["--server", "hub.test", "--username", "bob", "--from-file", "x"],
        ["--from-file", "/nowhere"],
    ],
)
def test_half_a_login_is_refused(wharf, server, arguments):
    assert wharf("secret", "docker-registry", "new", *arguments, stdin="x").code == ExitCode.USAGE
    assert server.writes() == []


def test_an_empty_password_is_refused(wharf, server):
    arguments = ["--server", "hub.test", "--username", "bob", "--password-stdin"]

    assert wharf("secret", "docker-registry", "new", *arguments, stdin="\n").code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("uses", "mounted", "pulled"),
    [
        ([], ["hub"], []),
        (["--for=mount"], ["hub"], []),
        (["--for=pull"], [], ["hub"]),
        (["--for=pull,mount"], ["hub"], ["hub"]),
    ],
)
def test_link_adds_to_the_lists_that_are_named(wharf, server, uses, mounted, pulled):
    result = wharf("secret", "link", "builder", "secret/hub", *uses)

    assert (result.code, result.out, result.err) == (ExitCode.OK, "", "")
    assert lists(server) == (["builder-dockercfg", *mounted], ["builder-dockercfg", *pulled])


def test_linking_again_writes_nothing(wharf, server):
    wharf("secret", "link", "builder", "hub", "mirror")
    before = server.writes()

    assert wharf("secrets", "add", "builder", "hub").code == ExitCode.OK
    assert server.writes() == before


def test_a_missing_secret_is_told_and_the_others_are_linked(wharf, server):
    result = wharf("secret", "link", "builder", "hub", "missing")

    assert result.code == ExitCode.PARTIAL
    assert result.err.startswith('secret "missing" not found\n')
    assert lists(server)[0] == ["builder-dockercfg", "hub"]


def test_nothing_but_missing_secrets_is_an_error(wharf, server):
    result = wharf("secret", "link", "builder", "missing")

    assert result.code == ExitCode.ERROR
    assert "No valid secrets found" in result.err
    assert server.writes() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hub", "--for=push"], "unknown for: push"),
        (["configmap/hub"], 'expected resource of type secret, got "configmap"'),
    ],
)
def test_link_refuses_what_it_does_not_know(wharf, arguments, message):
    result = wharf("secret", "link", "builder", *arguments)

    assert result.code == ExitCode.USAGE
    assert message in result.err


def test_unlink_takes_from_both_lists(wharf, server):
    wharf("secret", "link", "builder", "hub", "--for=pull,mount")

    result = wharf("secret", "unlink", "builder", "hub", "builder-dockercfg")

    assert result.out == "serviceaccount/builder updated\n"
    assert lists(server) == ([], [])


def test_unlink_of_what_is_not_linked_is_an_error(wharf, server):
    assert wharf("secret", "unlink", "builder", "hub").code == ExitCode.ERROR
    assert server.writes() == []


def test_no_output_form_is_needed_to_keep_a_password_off_the_screen(wharf, server):
    result = wharf(
        "secret", "docker-registry", "new", "--server", "hub.test", "--username", "bob",
        "--password-stdin", "-o", "name", stdin="hunter2",
    )  # fmt: skip

    assert result.out == "secret/new\n"
    assert "hunter2" not in json.dumps([result.out, result.err])
