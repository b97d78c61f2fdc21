import base64
import json

import pytest

from wharfinger.cli import logins
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential

PROJECT = "/api/v1/namespaces/team"
BOB, EVE = Credential("bob", "hunter2"), Credential("eve", "s3cret")


def secret(server, name: str, found: credentials.Credentials, *, old: bool = False) -> None:
    kind, key = credentials.DOCKERCONFIGJSON_TYPE, credentials.DOCKERCONFIGJSON_KEY
    text = credentials.dockerconfigjson(found)
    if old:
        kind, key = credentials.DOCKERCFG_TYPE, credentials.DOCKERCFG_KEY
        text = credentials.dockercfg(found)
    data = {key: base64.b64encode(text.encode()).decode()}
    server.add(f"{PROJECT}/secrets/{name}", type=kind, data=data)


@pytest.fixture(autouse=True)
def account(server, kubeconfig):
    secret(server, "hub", {"hub.test": BOB, "both.test": BOB})
    secret(server, "site", {"site.test:5000": EVE, "both.test": EVE}, old=True)
    secret(server, "push", {"push.test": BOB})
    server.add(f"{PROJECT}/secrets/files", type="Opaque", data={"a": "YQ=="})
    names = ("hub", "files", "gone", "site")
    return server.add(
        f"{PROJECT}/serviceaccounts/default",
        secrets=[{"name": "push"}],
        imagePullSecrets=[{"name": name} for name in names],
    )


def test_many_secrets_are_merged_by_registry(wharf):
    result = wharf("secret", "logins", "default")

    assert result.code == ExitCode.OK
    found = credentials.parse_dockerconfigjson(result.out)
    assert found == {"hub.test": BOB, "both.test": BOB, "site.test:5000": EVE}
    assert result.err == (
        "warning: both.test of secret 'site' is left out: "
        "a secret before it has another login for it\n"
    )


def test_the_logins_of_builds_are_those_that_are_mounted(wharf):
    result = wharf("secret", "logins", "default", "--for=mount")

    assert credentials.parse_dockerconfigjson(result.out) == {"push.test": BOB}


def test_a_file_gets_them_besides_its_own(wharf, tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"auths": {"own.test": {"auth": "YTpi"}}, "psFormat": "x"}')
    result = wharf("secret", "logins", "default", "--to", str(path))

    assert result.out == f"Saved logins for hub.test, both.test, site.test:5000 to {path}\n"
    assert set(json.loads(path.read_text())["auths"]) == {
        "own.test", "hub.test", "both.test", "site.test:5000",
    }  # fmt: skip
    assert "hunter2" not in result.out + result.err


def test_an_account_without_a_login_says_what_to_do(wharf, server):
    server.add(f"{PROJECT}/serviceaccounts/bare", imagePullSecrets=[{"name": "files"}])
    result = wharf("secret", "logins", "bare")

    assert result.code == ExitCode.ERROR
    assert "wharf secret link bare SECRET --for=pull" in result.err


def test_a_use_that_is_none_is_refused(wharf):
    result = wharf("secret", "logins", "default", "--for=both")

    assert result.code == ExitCode.USAGE
    assert "unknown for: both" in result.err


def test_what_holds_no_login_has_none():
    for found in ({}, {"type": "Opaque", "data": {credentials.DOCKERCFG_KEY: "e30="}}):
        assert logins.logins_in(found) == {}


@pytest.mark.parametrize("data", ["?", "", "bm8="])
def test_a_secret_that_cannot_be_read_is_told(wharf, server, data):
    kept = {credentials.DOCKERCFG_KEY: data}
    server.add(f"{PROJECT}/secrets/hub", type=credentials.DOCKERCFG_TYPE, data=kept)
    result = wharf("secret", "logins", "default")

    assert result.code != 0
    assert "cannot read registry credentials" in result.err


def test_registry_login_writes_the_token_of_the_caller(wharf, server, home):
    result = wharf("registry", "login")

    path = home / ".docker" / "config.json"
    host = server.url.removeprefix("http://")
    assert result.out == f"Saved credentials for {host} into {path}\n"
    (login,) = credentials.parse_dockerconfigjson(path.read_bytes()).items()
    assert login == (host, Credential("user", "token-of-alice"))


def test_registry_login_of_an_account_makes_a_token(wharf, tmp_path):
    path = tmp_path / "auth.json"
    assert wharf("registry", "login", "r.test", "-z", "default", "--to", str(path)).code == 0

    (login,) = credentials.parse_dockerconfigjson(path.read_bytes()).items()
    assert login == ("r.test", Credential("serviceaccount", "for-{}"))


def test_registry_login_needs_a_token(wharf, kubeconfig, tmp_path):
    kubeconfig.write_text(kubeconfig.read_text().replace("token:", "nothing:"))
    result = wharf("registry", "login", "r.test", "--to", str(tmp_path / "auth.json"))

    assert result.code != 0
    assert "has no token" in result.err
    assert not (tmp_path / "auth.json").exists()
