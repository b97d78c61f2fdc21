"""Repositories and tags, over a registry that pages its lists."""

import pytest

from wharfinger.cli.exit_codes import ExitCode

D1, D2 = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.fixture(autouse=True)
def images(server, kubeconfig):
    server.tags = {
        "other/app": {"latest": D1},
        "team/app": {"latest": D1, "1.0": D1, "2.0": D2, "10.0": D2, "dev": D1},
        "team/base/os": {"12": D1},
        "team/web": {"latest": D2},
    }


def test_list_shows_those_of_the_project_over_all_pages(wharf):
    assert wharf("repo", "list").out == "NAME\nteam/app\nteam/base/os\nteam/web\n"


def test_list_can_show_all_and_how_to_pull(wharf, server):
    address = server.url.removeprefix("http://")

    assert wharf("repo", "list", "-A", "-o", "name").out.splitlines()[0] == "repository/other/app"
    assert wharf("repo", "list", "-o", "wide").out.splitlines()[1] == (
        f"team/app       docker pull {address}/team/app"
    )


def test_pages_are_asked_of_our_server_whatever_host_a_link_names(wharf, server):
    wharf("repo", "list", "-A")

    assert server.seen.count(("GET", "/v2/_catalog")) == 2


def test_tags_come_with_the_newest_version_first(wharf):
    assert wharf("tag", "list", "app").out.split() == ["TAG", "latest", "10.0", "2.0", "1.0", "dev"]


STREAMS = "/apis/image.openshift.io/v1/namespaces/team"


def test_tags_that_point_elsewhere_are_listed_and_deleted_too(wharf, server):
    tags = [{"tag": tag, "items": [{"image": D1}]} for tag in ("dev", "elsewhere")]
    tags.append({"tag": "never-came", "items": None})
    server.add(f"{STREAMS}/imagestreams/app", status={"tags": tags})
    server.add(f"{STREAMS}/imagestreams/only", status={"tags": tags})
    server.add(f"{STREAMS}/imagestreamtags/app%3Aelsewhere")

    assert wharf("tag", "list", "app").out.split()[-2:] == ["dev", "elsewhere"]
    assert wharf("tag", "list", "only").out.split() == ["TAG", "dev", "elsewhere"]
    assert wharf("tag", "delete", "app:elsewhere").out == 'tag "team/app:elsewhere" deleted\n'
    assert wharf("tag", "delete", "app:none").code == ExitCode.ERROR
    assert wharf("tag", "list", "base/os").code == ExitCode.ERROR
    server.tags["team/base/os"] = {"12": D1}
    assert wharf("tag", "list", "team/base/os").out.split() == ["TAG", "12"]
    assert [path for _, path in server.seen if "%2F" in path] == []
    server.forbidden.add(f"{STREAMS}/imagestreams/app")
    assert "elsewhere" not in wharf("tag", "list", "app").out


def test_deleting_a_tag_leaves_the_others(wharf, server):
    result = wharf("tag", "delete", "team/app:latest", "app:1.0")

    assert result.out == 'tag "team/app:latest" deleted\ntag "team/app:1.0" deleted\n'
    assert sorted(server.tags["team/app"]) == ["10.0", "2.0", "dev"]


def test_deleting_a_repository_deletes_its_images_by_digest(wharf, server):
    assert wharf("repo", "delete", "app").out == 'repository "team/app" deleted\n'
    assert server.tags["team/app"] == {}
    assert server.writes() == [("DELETE", f"/v2/team/app/manifests/{d}") for d in (D1, D2)]


def test_what_the_registry_says_is_passed_on(wharf):
    result = wharf("tag", "list", "nothing")

    assert result.code == ExitCode.ERROR
    assert result.err == (
        "Error from server (NAME_UNKNOWN): repository name not known to registry\n"
    )


def test_an_empty_repository_cannot_be_deleted_again(wharf):
    wharf("repo", "delete", "app")

    assert wharf("repo", "delete", "app").code == ExitCode.ERROR


@pytest.mark.parametrize("name", ["team/../other/app", "Team/app", "team/app%2f", "team//app"])
def test_a_name_outside_the_grammar_is_never_sent(wharf, server, name):
    assert wharf("repo", "delete", name).code == ExitCode.ERROR
    assert server.seen == []


@pytest.mark.parametrize("name", ["team/app", "team/app:", "team/app:a/b", "team/app:" + "t" * 129])
def test_a_tag_outside_the_grammar_is_never_sent(wharf, server, name):
    assert wharf("tag", "delete", name).code in {ExitCode.ERROR, ExitCode.USAGE}
    assert server.seen == []
