import json
import stat
from pathlib import Path

import pytest

from wharfinger.cli import auth_file
from wharfinger.cli.errors import UsageError
from wharfinger.oci.credentials import Credential, InvalidCredentials, parse_dockerconfigjson

BOB = Credential("bob", "hunter2")


def test_logins_are_added_and_everything_else_stays(tmp_path):
    path = tmp_path / "config.json"
    kept = {"auths": {"other.test": {"auth": "YTpi"}}, "credHelpers": {"gcr.test": "gcloud"}}
    path.write_text(json.dumps(kept))
    auth_file.add(path, {"hub.test": BOB})

    document = json.loads(path.read_text())
    assert document["credHelpers"] == kept["credHelpers"]
    logins = parse_dockerconfigjson(path.read_bytes())
    assert logins == {"other.test": Credential("a", "b"), "hub.test": BOB}


def test_a_file_that_is_not_there_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "new" / "config.json"
    auth_file.add(path, {"hub.test": BOB})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert parse_dockerconfigjson(path.read_bytes()) == {"hub.test": BOB}


def test_a_link_is_written_through(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "config.json"
    real.write_text("{}")
    link.symlink_to(real)
    auth_file.add(link, {"hub.test": BOB})

    assert link.is_symlink()
    assert "hub.test" in real.read_text()


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\x00"])
def test_a_file_that_is_something_else_is_left_alone(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a JSON object"):
        auth_file.add(path, {"hub.test": BOB})

    assert path.read_text() == text


def test_logins_that_are_no_map_are_not_added_to():
    with pytest.raises(InvalidCredentials):
        auth_file.added({"auths": ["hub.test"]}, {"hub.test": BOB})


def test_a_directory_cannot_be_written_as_a_file(tmp_path):
    with pytest.raises(UsageError):
        auth_file.add(tmp_path, {"hub.test": BOB})


def test_the_file_is_that_of_the_tools(monkeypatch):
    monkeypatch.setenv("HOME", "/home/bob")
    for environment, path in (
        ({}, "/home/bob/.docker/config.json"),
        ({"DOCKER_CONFIG": "/etc/d"}, "/etc/d/config.json"),
        ({"REGISTRY_AUTH_FILE": "/run/auth.json", "DOCKER_CONFIG": "/d"}, "/run/auth.json"),
    ):
        assert auth_file.default(environment) == Path(path)
