import json

import pytest
from ruamel.yaml import YAML

from wharfinger.cli.exit_codes import ExitCode

PROJECTS = "/apis/project.openshift.io/v1/projects"


def test_create_makes_a_project_and_switches_to_it(wharf, server, kubeconfig):
    result = wharf("project", "create", "shop", "--display-name", "The shop")

    assert result.code == ExitCode.OK
    assert result.out == f'Now using project "shop" on server "{server.url}".\n'
    assert f"{PROJECTS}/shop" in server.objects
    assert wharf("project", "use").out == "shop\n"


def test_switching_keeps_the_rest_of_the_kubeconfig(wharf, kubeconfig):
    before = kubeconfig.read_text()

    wharf("project", "create", "shop")

    assert kubeconfig.read_text() == before.replace("namespace: team", "namespace: shop")
    assert kubeconfig.stat().st_mode & 0o777 == 0o600


def test_create_can_stay_where_it_is(wharf, kubeconfig):
    before = kubeconfig.read_text()

    assert wharf("new-project", "shop", "--skip-config-write").code == ExitCode.OK
    assert kubeconfig.read_text() == before


def test_a_project_that_is_there_is_an_error_in_the_words_of_the_server(wharf, server, kubeconfig):
    server.add(f"{PROJECTS}/shop")

    result = wharf("project", "create", "shop")

    assert result.code == ExitCode.ERROR
    assert result.err == (
        'Error from server (AlreadyExists): project.project.openshift.io "shop" already exists\n'
    )


@pytest.mark.usefixtures("kubeconfig")
class TestList:
    @pytest.fixture(autouse=True)
    def _projects(self, server):
        annotations = {"openshift.io/display-name": "The \x1b[31mshop\u202e"}
        server.add(
            f"{PROJECTS}/shop", metadata={"annotations": annotations}, status={"phase": "Active"}
        )
        server.add(f"{PROJECTS}/team", status={"phase": "Terminating"})

    def test_shows_a_table_in_which_escapes_do_nothing(self, wharf):
        assert wharf("project", "list").out == (
            "NAME   DISPLAY NAME             STATUS\n"
            "shop   The \\x1b[31mshop\\u202e   Active\n"
            "team                            Terminating\n"
        )

    def test_wide_shows_more(self, wharf):
        assert wharf("project", "list", "-o", "wide").out.splitlines()[0].split() == [
            "NAME", "DISPLAY", "NAME", "STATUS", "AGE", "REQUESTER", "DESCRIPTION",
        ]  # fmt: skip

    def test_name_is_for_scripts(self, wharf):
        assert wharf("project", "list", "-o", "name").out == (
            "project.project.openshift.io/shop\nproject.project.openshift.io/team\n"
        )

    def test_json_and_yaml_are_whole(self, wharf, server):
        found = list(server.objects.values())

        assert json.loads(wharf("project", "list", "-o", "json").out)["items"] == found
        as_yaml = wharf("project", "list", "-o", "yaml").out
        assert YAML(typ="safe").load(as_yaml)["items"] == found


def test_delete_goes_on_after_a_failure_and_says_so(wharf, server, kubeconfig):
    server.add(f"{PROJECTS}/a")
    server.add(f"{PROJECTS}/c")

    result = wharf("project", "delete", "a", "b", "c")

    assert result.code == ExitCode.PARTIAL
    assert result.out == (
        'project.project.openshift.io "a" deleted\nproject.project.openshift.io "c" deleted\n'
    )
    assert result.err == (
        "Error from server (NotFound): 'b' not found\n"
        "error: cannot do 1 of 3: see the errors above\n"
    )
    assert server.objects == {}


def test_delete_waits_until_the_project_is_gone(wharf, server, kubeconfig):
    server.add(f"{PROJECTS}/a")

    assert wharf("project", "delete", "a", "--wait").code == ExitCode.OK
    assert server.seen[-1] == ("GET", "/api/v1/namespaces/a")


def test_delete_gives_up_when_the_time_is_over(wharf, server, kubeconfig):
    server.add(f"{PROJECTS}/a")
    server.add("/api/v1/namespaces/a")

    result = wharf("project", "delete", "a", "--wait", "--request-timeout", "0.1")

    assert result.code == ExitCode.TIMEOUT


def test_use_refuses_a_project_that_one_may_not_see(wharf, server, kubeconfig):
    server.forbidden.add(f"{PROJECTS}/secret")

    assert wharf("project", "use", "secret").code == ExitCode.REFUSED
    assert wharf("project", "use").out == "team\n"
