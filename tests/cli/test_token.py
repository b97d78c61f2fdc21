import pytest

from wharfinger.cli.errors import UsageError
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.token import parse_duration

SECRETS = "/api/v1/namespaces/team/secrets"


@pytest.fixture(autouse=True)
def account(server, kubeconfig):
    return server.add("/api/v1/namespaces/team/serviceaccounts/pusher")


def test_create_prints_a_token_that_ends_by_itself(wharf):
    assert wharf("token", "create", "pusher").out == "for-{}"


def test_create_takes_a_duration_and_audiences(wharf):
    result = wharf(
        "token", "create", "pusher", "--duration", "1h30m", "--audience", "a", "--audience", "b"
    )

    assert result.out == 'for-{"audiences": ["a", "b"], "expirationSeconds": 5400}'


def test_a_long_lived_token_is_printed_once_the_server_has_made_it(wharf, server):
    result = wharf("token", "create", "pusher", "--long-lived")

    assert result.out == "long-lived-of-pusher"
    [path] = [path for path in server.objects if path.startswith(SECRETS)]
    assert path.startswith(f"{SECRETS}/pusher-token-")


def test_a_long_lived_token_needs_its_account(wharf, server):
    result = wharf("token", "create", "nobody", "--long-lived")

    assert result.code == ExitCode.ERROR
    assert server.writes() == []


def test_a_long_lived_token_has_no_duration(wharf):
    assert (
        wharf("token", "create", "pusher", "--long-lived", "--duration", "1h").code
        == ExitCode.USAGE
    )


def test_get_token_prints_one_that_is_there(wharf):
    wharf("token", "create", "pusher", "--long-lived")

    assert wharf("sa", "get-token", "pusher").out == "long-lived-of-pusher"


def test_get_token_says_how_to_make_one(wharf):
    result = wharf("sa", "get-token", "pusher")

    assert result.code == ExitCode.ERROR
    assert result.err == (
        "error: could not find a service account token for service account 'pusher'\n"
        "hint: make one with `wharf token create pusher --long-lived`\n"
    )


def test_revoke_deletes_the_tokens_of_the_account_and_no_other_secret(wharf, server):
    server.add("/api/v1/namespaces/team/serviceaccounts/other")
    server.add(f"{SECRETS}/plain", type="Opaque")
    wharf("token", "create", "pusher", "--long-lived")
    wharf("token", "create", "other", "--long-lived")

    assert wharf("token", "revoke", "pusher").code == ExitCode.OK

    left = [path for path in server.objects if path.startswith(SECRETS)]
    assert len(left) == 2
    assert not any("pusher" in path for path in left)


def test_tokens_of_a_former_account_are_not_those_of_the_new_one(wharf, server):
    wharf("token", "create", "pusher", "--long-lived")
    server.add("/api/v1/namespaces/team/serviceaccounts/pusher")

    assert wharf("sa", "get-token", "pusher").code == ExitCode.ERROR


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400)])
def test_durations_are_read_as_go_writes_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "1d", "-1h", "1h ", "h"])
def test_other_durations_are_refused(text):
    with pytest.raises(UsageError):
        parse_duration(text)
