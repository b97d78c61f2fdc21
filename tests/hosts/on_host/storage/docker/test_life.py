from __future__ import annotations

from pathlib import Path

import pytest

from fake_docker import FakeDocker, Notebook, container, image
from fake_host import Docker, FakeHost, put
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage.docker import life
from wharfinger.hosts.on_host.storage.steps import StartEngine, StopEngine
from wharfinger.hosts.on_host.storage.work import Refused

STOP, START = StopEngine("docker"), StartEngine("docker")


def test_an_engine_is_started_as_it_was_by_whoever_goes_on(book: Notebook) -> None:
    host = book.machine
    assert host.docker is not None
    started: list[Process] = []
    host.start = lambda process: (started.append(process), type(host).start(host, process))[1]  # type: ignore[method-assign]  # also what was started
    before = host.processes("dockerd")[0]

    life.check_stop(STOP, book.setting())
    life.stop(STOP, book.setting())
    assert not host.docker.alive
    life.stop(STOP, book.setting())
    life.start(START, Notebook(host, book.folder).setting())

    assert host.docker.alive
    assert started[0].arguments == before.arguments


def test_what_is_started_for_the_order_is_only_root_s_to_read(book: Notebook) -> None:
    life.stop(STOP, book.setting())

    assert (Path(book.folder) / "daemon.json").stat().st_mode & 0o777 == 0o600


def test_whether_containers_run_is_asked_without_all_that_the_engine_is(
    docker: FakeDocker, book: Notebook
) -> None:
    """For that it would start other programs, each time."""
    life.check_stop(STOP, book.setting())

    assert docker.asked == ["GET /containers/json"]


def test_an_engine_with_containers_that_run_is_not_stopped(
    docker: FakeDocker, book: Notebook
) -> None:
    running = container("web", image(b"", tags=("app:v1",)))
    running.running = True
    docker.containers.append(running)

    with pytest.raises(Refused, match="web"):
        life.check_stop(STOP, book.setting())
    with pytest.raises(Refused, match="web"):
        life.stop(STOP, book.setting())

    assert book.machine.docker is not None
    assert book.machine.docker.alive


def test_one_that_never_ran_cannot_be_started_again_as_it_was(book: Notebook) -> None:
    assert book.machine.docker is not None
    book.machine.docker.alive = False

    with pytest.raises(Refused, match="does not run"):
        life.stop(STOP, book.setting())


def test_the_way_back_starts_what_was_stopped_and_stops_what_was_started(book: Notebook) -> None:
    docker = book.machine.docker
    assert docker is not None
    life.start_again(STOP, book.setting())  # killed before it noted anything
    life.stop(STOP, book.setting())
    life.start(START, book.setting())

    life.stop_again(START, book.setting())
    assert not docker.alive
    life.start_again(STOP, book.setting())
    assert docker.alive
    starts = docker.starts
    life.start_again(STOP, book.setting())
    assert docker.starts == starts


def test_containers_that_the_engine_started_do_not_hold_up_a_failed_order(
    docker: FakeDocker, book: Notebook
) -> None:
    life.stop(STOP, book.setting())
    life.start(START, book.setting())
    started = container("always", image(b"", tags=("app:v1",)))
    started.running = True
    docker.containers.append(started)

    life.stop_again(START, book.setting())
    assert book.machine.docker is not None
    assert not book.machine.docker.alive
    life.start(START, book.setting())
    life.settle(book.setting())  # the order is done, and somebody uses it

    with pytest.raises(Refused, match="always"):
        life.stop_again(START, book.setting())


class SystemdHost(FakeHost):
    """Its engine is a unit, which systemd starts again if anybody asks its socket."""

    def __init__(self, root: Path, address: Path) -> None:
        super().__init__(root, docker=Docker())
        self.address = address
        put(root, "/run/systemd/system/.keep")
        self.answers = self._systemctl

    def processes(self, *names: str) -> list[Process]:
        words = ("dockerd", "-H", f"unix://{self.address}")
        found = super().processes(*names)
        return [Process(one.pid, words, unit="docker.service") for one in found]

    def _systemctl(self, command: tuple[str, ...]) -> Ran:
        assert self.docker is not None
        if command[1] in ("stop", "start"):
            self.docker.alive = command[1] == "start"
        return Ran(0, "")


def test_under_systemd_the_socket_is_stopped_first_and_started_first(
    docker: FakeDocker, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    host = SystemdHost(root, tmp_path / "socket")
    put(root, "/order/.keep")
    book = Notebook(host, Path("/order"))

    life.stop(STOP, book.setting())
    life.start(START, book.setting())

    changing = [command for command in host.ran if command[1] in ("stop", "start")]
    assert changing == [
        ("systemctl", "stop", "docker.socket", "docker.service"),
        ("systemctl", "start", "docker.socket", "docker.service"),
    ]
