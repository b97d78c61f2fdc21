import base64
import contextlib
import os
import pty
import subprocess
import sys

import pytest
import trustme

from wharfinger.cli import kubeconfig as files
from wharfinger.cli.exit_codes import ExitCode

TOKEN, PASSWORD = "token-of-alice", "hunter2-of-alice"


def current(home) -> files.Context:
    return files.current(files.load([home / ".kube" / "config"]))


def test_a_password_becomes_a_token_and_is_kept_nowhere(wharf, server, home):
    result = wharf("login", server.url, "-u", "alice", "--password-stdin", stdin=PASSWORD + "\n")

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert result.out == f'Logged in to "{server.url}" as "alice".\n'
    assert current(home).identity.token == TOKEN
    config = home / ".kube" / "config"
    assert config.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in config.read_text() + result.out


def test_a_wrong_password_changes_nothing(wharf, server, home):
    result = wharf("login", server.url, "-u", "alice", "--password-stdin", stdin="wrong")

    assert result.code == ExitCode.REFUSED
    assert result.err.startswith("Error from server (Unauthorized): wrong user name or password\n")
    assert not (home / ".kube").exists()


def test_a_server_that_asks_for_patience_is_quoted(wharf, server):
    server.replies["/oauth/authorize"] = (
        429,
        {},
        b'{"error": "slow", "message": "too many tries"}',
    )

    result = wharf("login", server.url, "-u", "alice", "--password-stdin", stdin="x")

    assert result.err.startswith("Error from server (slow): too many tries\n")


def test_a_server_of_another_kind_is_told_apart(wharf, server):
    server.replies["/.well-known/oauth-authorization-server"] = (200, {}, b"<html>hello</html>")

    result = wharf("login", server.url, "-u", "alice", "--password-stdin", stdin="x")

    assert result.code == ExitCode.ERROR
    assert "cannot understand the server's answer" in result.err


def test_a_token_is_tried_before_it_is_kept(wharf, server, home):
    assert wharf("login", server.url, "--token-stdin", stdin="wrong").code == ExitCode.REFUSED
    assert not (home / ".kube").exists()
    assert wharf("login", server.url, "--token-stdin", stdin=TOKEN).code == ExitCode.OK
    assert current(home).identity.token == TOKEN


def test_a_token_as_argument_is_warned_about_and_one_of_the_environment_is_not(
    wharf, server, monkeypatch
):
    assert wharf("login", server.url, "--token", TOKEN).err.startswith("warning: others")
    monkeypatch.setenv("WHARF_TOKEN", TOKEN)
    assert wharf("login", server.url).err == ""


def test_help_shows_no_token(wharf, monkeypatch):
    monkeypatch.setenv("WHARF_TOKEN", TOKEN)

    assert TOKEN not in wharf("login", "--help").out


def test_without_a_terminal_a_name_must_be_given(wharf, server):
    result = wharf("login", server.url, stdin="x")

    assert result.code == ExitCode.USAGE
    assert "cannot ask for the username" in result.err


def test_a_person_is_asked_and_the_password_is_not_shown(server, home):
    controller, terminal = pty.openpty()
    program = "from wharfinger.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "login", server.url],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    for question, reply in ((b"Username: ", "alice"), (b"Password: ", PASSWORD)):
        while question not in shown:
            shown += os.read(controller, 1024)
        os.write(controller, f"{reply}\n".encode())

    assert process.wait(30) == ExitCode.OK
    with contextlib.suppress(OSError):  # the end of a terminal whose last user has gone
        shown += os.read(controller, 1024)
    os.close(controller)
    assert b"alice" in shown
    assert PASSWORD.encode() not in shown
    assert current(home).identity.token == TOKEN


def test_a_new_login_keeps_the_project_and_the_other_contexts(wharf, server, kubeconfig, home):
    wharf("login", "--token-stdin", stdin=TOKEN)
    wharf("project", "create", "shop")
    wharf("login", "--token-stdin", stdin=TOKEN)

    assert current(home).namespace == "shop"
    text = kubeconfig.read_text()
    assert text.startswith("# kept by hand\n")
    assert "preferences: {colors: true}" in text
    assert files.current(files.load([kubeconfig]), "here").namespace == "team"


def test_the_authority_is_remembered_with_the_server(wharf, server, home, tmp_path):
    authority = trustme.CA().cert_pem.bytes()
    (tmp_path / "ca.crt").write_bytes(authority)

    wharf("login", server.url, "--token-stdin", "--ca-file", str(tmp_path / "ca.crt"), stdin=TOKEN)

    text = (home / ".kube" / "config").read_text()
    assert base64.b64encode(authority).decode() in text  # on one line, as kubectl writes it
    wharf("login", server.url, "--token-stdin", stdin=TOKEN)
    assert current(home).authority == authority


def test_logout_ends_the_session_and_forgets_the_token(wharf, server, kubeconfig):
    result = wharf("logout")

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert server.users == {}
    assert TOKEN not in kubeconfig.read_text()
    assert wharf("logout").err == "not logged in\n"
    assert wharf("whoami").code == ExitCode.REFUSED


def test_logout_forgets_the_token_even_when_the_server_does_not_answer(wharf, kubeconfig):
    kubeconfig.write_text(
        kubeconfig.read_text().replace("http://127.0.0.1", "http://127.0.0.1:9/#")
    )

    assert wharf("logout").code == ExitCode.ERROR
    assert TOKEN not in kubeconfig.read_text()


def test_two_ways_at_once_are_refused(wharf, server, monkeypatch):
    monkeypatch.setenv("WHARF_TOKEN", TOKEN)

    assert wharf("login", server.url, "-u", "alice", stdin=PASSWORD).code == ExitCode.USAGE
    assert wharf("login", server.url, "--token-stdin", stdin=TOKEN).code == ExitCode.USAGE


def test_a_kubeconfig_that_cannot_be_written_is_told(wharf, server, tmp_path):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "config"

    result = wharf("login", server.url, "--token-stdin", "--kubeconfig", str(place), stdin=TOKEN)

    assert result.code == ExitCode.ERROR
    assert "cannot " in result.err


@pytest.mark.parametrize(
    "address",
    ["ftp://hub.test", "https://", "https://:5000", "hub.test:99999", "hub.test:x", "https://[::1",
     "https://" + "a" * 70 + ".test", "https://a..test"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(wharf, address):
    assert wharf("login", address, "--token-stdin", stdin="x").code == ExitCode.ERROR
