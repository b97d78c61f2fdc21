from __future__ import annotations

import pytest

import fake_host
from fake_host import Docker, FakeHost
from wharfinger.hosts.on_host import proofs
from wharfinger.hosts.on_host.changes import ContainerdAnswers, DockerAnswers, Handshake
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.results import Holds

TAKEN = {"insecure-registries": ["a.test:5000"], "registry-mirrors": ["https://m.test/"]}


def seen(host, proof, before=None):
    (proven,) = proofs.prove([proof], host, before)
    return proven


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (DockerAnswers(), ""),
        (DockerAnswers(insecure=("a.test:5000", "127.0.0.0/8")), ""),
        (DockerAnswers(mirrors=("https://m.test",)), ""),
        (DockerAnswers(insecure=()), "it has as insecure: a.test:5000"),
        (DockerAnswers(mirrors=()), "it has as mirrors: https://m.test"),
    ],
)
def test_docker_is_believed_what_it_tells_of_itself(tmp_path, proof, why):
    proven = seen(FakeHost(tmp_path, docker=Docker(config=TAKEN)), proof)

    assert (proven.holds, proven.why) == (Holds.NO if why else Holds.YES, why)


def test_a_reload_keeps_the_process(tmp_path):
    host = FakeHost(tmp_path, docker=Docker(pid=5))
    proof = DockerAnswers(same_pid=True)

    assert seen(host, proof, {"docker": Process(5, ("dockerd",))}).holds is Holds.YES
    assert "was 4" in seen(host, proof, {"docker": Process(4, ("dockerd",))}).why


def test_a_daemon_that_is_gone_proves_nothing(tmp_path):
    gone = FakeHost(tmp_path, docker=Docker(alive=False))
    before = {"docker": Process(5, ("dockerd",)), "containerd": Process(6, ("containerd",))}

    assert seen(gone, DockerAnswers()).why == "no daemon runs"
    assert "does not answer" in seen(gone, DockerAnswers(), before).why
    assert seen(gone, ContainerdAnswers()).why == "no daemon runs"
    assert [proven.holds for proven in proofs.up_again(gone, before)] == [Holds.NO, Holds.NO]


def test_nothing_is_claimed_of_a_tree(tmp_path):
    fake_host.put(tmp_path, fake_host.DAEMON_JSON, b"{}")
    wanted = [DockerAnswers(), ContainerdAnswers(), Handshake("a.test", "docker")]

    proven = proofs.prove(wanted, Machine(str(tmp_path)))

    assert {one.holds for one in proven} == {Holds.UNKNOWN}
