import pytest

from wharfinger.cli.exit_codes import ExitCode

pytestmark = pytest.mark.usefixtures("kubeconfig")


def test_says_who_the_server_takes_us_for(wharf):
    assert wharf("whoami").out == "alice\n"


def test_prints_the_bare_token_for_a_program(wharf):
    result = wharf("whoami", "-t")

    assert (result.code, result.out) == (ExitCode.OK, "token-of-alice")


def test_prints_server_and_context_without_asking_the_server(wharf, server):
    assert wharf("whoami", "--show-server").out == f"{server.url}\n"
    assert wharf("whoami", "-c").out == "here\n"
    assert server.seen == []


def test_a_token_that_does_not_hold_is_a_refusal(wharf, server):
    server.users.clear()

    result = wharf("whoami")

    assert result.code == ExitCode.REFUSED
    assert result.err == (
        "Error from server (Unauthorized): Unauthorized\nhint: log in again with `wharf login`\n"
    )


def test_nobody_is_not_a_name(wharf, server):
    server.users["token-of-alice"] = "system:anonymous"

    assert wharf("whoami").code == ExitCode.REFUSED
