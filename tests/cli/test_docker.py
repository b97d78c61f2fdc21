"""`wharf docker` and `wharf swarm`: what of their command lines makes no sense, and what they refuse."""

from __future__ import annotations

import json

import pytest

from made_containers import Engine, container
from made_swarm import Manager, node, service, task
from wharfinger.cli import app, docker_engine


@pytest.fixture
def engine(monkeypatch):
    """A plain engine with two containers, instead of that of this machine."""
    engine = Engine([container("db", Tmpfs={"/s": ""}), container("brief", AutoRemove=True)])
    monkeypatch.setattr(docker_engine, "engine", lambda _: engine)
    return engine


@pytest.fixture
def manager(monkeypatch):
    """A manager of two nodes, one of which has a task that cannot leave it."""
    pinned = service("pinned", "node.hostname==a")
    manager = Manager([node("a"), node("b")], [pinned], [task("pinned", 1, "a")])
    monkeypatch.setattr(docker_engine, "engine", lambda _: manager)
    return manager


@pytest.mark.parametrize(
    "words",
    [
        ("docker", "evacuate", "--record", "r", "--docker-host", "tcp://pier:2375"),
        ("docker", "restore", "--record", "r", "--docker-host", "ssh://pier"),
        ("docker", "evacuate", "--record", "r", "-o", "yaml"),
        ("docker", "evacuate"),
        ("swarm", "evacuate", "a", "--docker-host", "pier"),
        ("swarm", "evacuate", "a", "-o", "name"),
        ("swarm", "evacuate"),
        ("swarm", "uncordon"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert app.run(words) == 2


def test_an_engine_that_is_not_there_is_told(tmp_path, capsys):
    words = ("--record", str(tmp_path / "r"), "--docker-host", f"unix://{tmp_path}/none")

    assert app.run(("docker", "evacuate", *words)) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_plan_changes_nothing_and_its_code_says_what_is_held(engine, tmp_path, capsys):
    words = ("docker", "evacuate", "--plan", "--record", str(tmp_path / "r"))

    assert app.run(words) == 3
    told = capsys.readouterr().out
    assert "brief: blocks" in told
    assert "/s" in told
    assert app.run((*words, "--force", "-o", "json")) == 0
    assert [one["verdict"]["code"] for one in json.loads(capsys.readouterr().out)] == [
        "stops",
        "removed",
    ]
    assert engine.calls == []
    assert not (tmp_path / "r").exists()


def test_what_is_held_keeps_the_host_as_it_is(engine, tmp_path, capsys):
    assert app.run(("docker", "evacuate", "--record", str(tmp_path / "r"))) == 3

    assert "cannot go" in capsys.readouterr().err
    assert engine.calls == []
    assert not (tmp_path / "r").exists()


def test_a_record_that_cannot_be_written_stops_nothing(engine, tmp_path):
    record = str(tmp_path / "none" / "r")

    assert app.run(("docker", "evacuate", "--force", "--record", record)) == 2
    assert engine.calls == []


def test_nothing_is_restored_without_its_record(engine, tmp_path, capsys):
    assert app.run(("docker", "restore", "--record", str(tmp_path / "r"))) == 1
    assert "there is none" in capsys.readouterr().err
    assert engine.calls == []


def test_a_record_of_another_host_is_refused(engine, tmp_path, capsys):
    record = tmp_path / "r"
    assert app.run(("docker", "evacuate", "--force", "--record", str(record))) == 0
    record.write_bytes(record.read_bytes().replace(b'"pier"', b'"quay"'))
    engine.calls.clear()

    assert app.run(("docker", "restore", "--record", str(record))) == 1
    assert app.run(("docker", "evacuate", "--record", str(record))) == 1
    assert "it is of host quay" in capsys.readouterr().err
    assert engine.calls == []


def test_a_finished_record_gives_way_to_another(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("wharfinger.maintenance.docker.host.SETTLED", 0.0)
    record = ("--record", str(tmp_path / "r"))

    assert app.run(("docker", "evacuate", "--force", *record)) == 0
    assert app.run(("docker", "restore", *record)) == 0
    engine.containers[:] = [container("other")]
    assert app.run(("docker", "evacuate", *record)) == 0

    kept = json.loads((tmp_path / "r").read_bytes())
    assert [one["name"] for one in kept["containers"]] == ["other"]
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


def test_a_container_that_is_lost_is_told_and_code_4(engine, tmp_path, capsys):
    record = ("--record", str(tmp_path / "r"))
    assert app.run(("docker", "evacuate", "--force", *record)) == 0
    engine.containers.clear()

    assert app.run(("docker", "restore", *record)) == 4
    told = capsys.readouterr().err
    assert "cannot bring back container db: it is not there any more" in told
    assert "brief was removed" in told


def test_a_task_that_is_held_keeps_its_node_as_it_is(manager, capsys):
    assert app.run(("swarm", "evacuate", "a", "--plan", "-o", "json")) == 3
    (told,) = json.loads(capsys.readouterr().out)
    assert told["tasks"][0]["verdict"]["code"] == "no-other-node"

    assert app.run(("swarm", "evacuate", "a")) == 3
    assert "pinned.1" in capsys.readouterr().err
    assert manager.nodes[0]["Spec"]["Availability"] == "active"


def test_one_node_that_is_held_keeps_no_other(manager):
    assert app.run(("swarm", "evacuate", "a", "b")) == 4

    availabilities = [one["Spec"]["Availability"] for one in manager.nodes]
    assert availabilities == ["active", "drain"]


def test_a_node_is_given_back_once(manager, capsys):
    assert app.run(("swarm", "evacuate", "b", "--reason", "a new disk")) == 0
    assert app.run(("swarm", "uncordon", "b")) == 0
    assert "a new disk" in capsys.readouterr().err
    assert app.run(("swarm", "uncordon", "b")) == 0
    assert capsys.readouterr().out == "node/b already active\n"
    assert app.run(("swarm", "uncordon", "c")) == 1


def test_without_an_engine_it_is_said_what_is_missing(tmp_path, capsys):
    words = ["docker", "evacuate", "--record", str(tmp_path / "record.json")]

    code = app.run([*words, "--docker-host", f"unix://{tmp_path}/docker.sock"])

    told = capsys.readouterr().err
    assert code == 1
    assert f"cannot reach a Docker engine at {tmp_path}/docker.sock: No such file" in told
    assert "--docker-host unix://PATH" in told
    assert not (tmp_path / "record.json").exists()
