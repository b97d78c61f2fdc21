import pytest

from wharfinger.cli import build_config
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cluster.kinds.openshift.build_spec import STRATEGIES

PATH = "/apis/build.openshift.io/v1/namespaces/team/buildconfigs"
BASE = {"kind": "DockerImage", "name": "quay.test/base:1"}


@pytest.fixture(autouse=True)
def config(server, kubeconfig):
    spec = {
        "strategy": {"type": "Source", "sourceStrategy": {"from": BASE}},
        "output": {"to": {"kind": "DockerImage", "name": "registry.test/team/shop:1"}},
    }
    return server.add(f"{PATH}/shop", spec=spec)


def spec_of(server, name: str = "shop") -> dict:
    return server.objects[f"{PATH}/{name}"]["spec"]


def test_the_strategies_are_those_of_the_server():
    assert build_config.STRATEGIES == STRATEGIES


def test_a_build_config_is_made_with_its_secrets(wharf, server):
    result = wharf(
        "build-config", "create", "site", "--to", "registry.test/team/site:1",
        "--from-image", "quay.test/base:1", "--git", "https://git.test/site",
        "--pull-secret", "quay", "--push-secret", "secret/here",
    )  # fmt: skip

    assert (result.code, result.out) == (0, "buildconfig.build.openshift.io/site created\n")
    assert spec_of(server, "site") == {
        "source": {"git": {"uri": "https://git.test/site"}},
        "strategy": {"dockerStrategy": {"from": BASE, "pullSecret": {"name": "quay"}}},
        "output": {
            "to": {"kind": "DockerImage", "name": "registry.test/team/site:1"},
            "pushSecret": {"name": "here"},
        },
    }


@pytest.mark.parametrize("command", [["build-config", "set-secret"], ["set", "build-secret"]])
def test_secrets_are_set_and_taken_away(wharf, server, command):
    before = spec_of(server)
    result = wharf(*command, "bc/shop", "quay", "--pull", "--push", "--source")

    assert result.out == "buildconfig.build.openshift.io/shop secret updated\n"
    spec, quay = spec_of(server), {"name": "quay"}
    assert spec["strategy"]["sourceStrategy"] == {"from": BASE, "pullSecret": quay}
    assert spec["output"]["pushSecret"] == quay
    assert spec["source"]["sourceSecret"] == quay

    wharf(*command, "shop", "--remove", "--pull", "--push", "--source")
    assert spec_of(server) == {**before, "source": {}}


def test_what_is_so_already_is_not_written(wharf, server):
    wharf("build-config", "set-secret", "shop", "quay", "--push")
    writes = server.writes()
    result = wharf("build-config", "set-secret", "shop", "quay", "--push")

    assert result.out == "buildconfig.build.openshift.io/shop secret unchanged\n"
    assert server.writes() == writes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shop", "quay"], "which secret"),
        (["shop", "--pull"], "what to do"),
        (["shop", "quay", "--pull", "--remove"], "what to do"),
        (["dc/shop", "quay", "--pull"], "no build config"),
        (["shop", "configmap/quay", "--pull"], "expected resource of type secret"),
        (["pipeline", "quay", "--pull"], "pulls no image"),
    ],
)
def test_what_makes_no_sense_is_refused(wharf, server, arguments, words):
    strategy = {"jenkinsPipelineStrategy": {}}
    server.add(f"{PATH}/pipeline", spec={"strategy": strategy})
    result = wharf("build-config", "set-secret", *arguments)

    assert result.code == ExitCode.USAGE
    assert words in result.err
    assert server.writes() == []


def test_a_list_shows_the_secrets(wharf):
    wharf("build-config", "set-secret", "shop", "quay", "--pull")
    result = wharf("build-config", "list")

    header, row = result.out.splitlines()
    assert header.split()[:2] == ["NAME", "TYPE"]
    assert row.split()[:4] == ["shop", "Source", "registry.test/team/shop:1", "quay"]


def test_a_build_config_is_deleted(wharf, server):
    result = wharf("build-config", "delete", "shop")

    assert result.out == 'buildconfig.build.openshift.io "shop" deleted\n'
    assert f"{PATH}/shop" not in server.objects
