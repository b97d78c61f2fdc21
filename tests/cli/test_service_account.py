import pytest

from wharfinger.cli.exit_codes import ExitCode

pytestmark = pytest.mark.usefixtures("kubeconfig")
ACCOUNTS = "/api/v1/namespaces/team/serviceaccounts"


def test_create_makes_an_account_in_the_project_of_the_context(wharf, server):
    result = wharf("sa", "create", "pusher")

    assert result.out == "serviceaccount/pusher created\n"
    assert f"{ACCOUNTS}/pusher" in server.objects


def test_the_namespace_flag_and_variable_choose_another_project(wharf, server, monkeypatch):
    wharf("sa", "create", "a", "-n", "other")
    monkeypatch.setenv("WHARF_NAMESPACE", "third")
    wharf("create", "serviceaccount", "b", "-o", "name")

    assert list(server.objects) == [
        "/api/v1/namespaces/other/serviceaccounts/a",
        "/api/v1/namespaces/third/serviceaccounts/b",
    ]


def test_list_shows_how_many_secrets_an_account_has(wharf, server):
    server.add(f"{ACCOUNTS}/builder", secrets=[{"name": "a"}, {"name": "b"}])

    assert wharf("sa", "list").out.splitlines() == [
        "NAME      SECRETS   AGE",
        "builder   2         <unknown>",
    ]


def test_delete_of_what_is_not_there_is_an_error(wharf):
    result = wharf("sa", "delete", "nobody")

    assert result.code == ExitCode.ERROR
    assert result.err == "Error from server (NotFound): 'nobody' not found\n"


def test_delete_needs_a_name(wharf):
    assert wharf("sa", "delete").code == ExitCode.USAGE
