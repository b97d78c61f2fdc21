"""Credential helpers, as programs of their own."""

import os

import pytest

from wharfinger.cli import credential_helper
from wharfinger.oci.credentials import Credential
from wharfinger.remote.logins import HelperFailed


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Write a helper `tide` that runs a script."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def write(script: str) -> None:
        program = tmp_path / "docker-credential-tide"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_the_server_goes_in_and_the_login_comes_back(helper):
    helper('read server; printf \'{"Username": "%s", "Secret": "%s"}\' "$server" "$1"')

    assert credential_helper.ask("tide", "a.test") == Credential("a.test", "get")


def test_none_is_kept(helper):
    helper("echo credentials not found in native keychain; exit 1")

    assert credential_helper.ask("tide", "a.test") is None


@pytest.mark.parametrize("script", ["exit 1", "echo sesame", "echo sesame; exit 3"])
def test_a_helper_that_fails_is_told_without_what_it_says(helper, script):
    helper(script)

    with pytest.raises(HelperFailed) as caught:
        credential_helper.ask("tide", "a.test")
    assert "sesame" not in str(caught.value)


def test_a_helper_that_is_not_there_or_hangs_is_told(helper):
    with pytest.raises(HelperFailed, match="No such file"):
        credential_helper.ask("nobody-has-this", "a.test")
    helper("exec sleep 600")
    with pytest.raises(HelperFailed, match=r"within 0\.1 s"):
        credential_helper.ask("tide", "a.test", seconds=0.1)
