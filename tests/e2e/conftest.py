"""One server and one Docker daemon for a session; projects and clients of its own for a test."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e import clients, images, machine
from e2e.clients import Docker, Kubectl, Podman
from e2e.docker_daemon import DockerDaemon
from e2e.wharf import Wharf

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def wharf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wharf]:
    """A server with TLS from its own authority, as `wharf up` makes it."""
    server = Wharf(tmp_path_factory.mktemp("wharf") / "state")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def docker_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerDaemon]:
    daemon = DockerDaemon(tmp_path_factory.mktemp("dockerd"))
    yield daemon
    daemon.stop()


@pytest.fixture(params=clients.DOCKERS)
def docker(request: pytest.FixtureRequest, docker_daemon: DockerDaemon, tmp_path: Path) -> Docker:
    return Docker(clients.docker_client(request.param), docker_daemon, tmp_path / "docker")


@pytest.fixture
def built(docker: Docker) -> Callable[[str], str]:
    """Make an image that shares no layer with any other, under the given name."""

    def build(name: str) -> str:
        docker("import", "-", name, given=images.root_file_system()).check()
        return name

    return build


@pytest.fixture
def podman(wharf: Wharf, short_path: Path) -> Podman:
    machine.need_root()
    return Podman(short_path, wharf)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for what makes sockets, or is Podman: it wants names of at most 50 characters."""
    with tempfile.TemporaryDirectory(prefix="wharf-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(params=clients.KUBECTLS)
def kubectl(request: pytest.FixtureRequest, wharf: Wharf, tmp_path: Path) -> Kubectl:
    """The administrator's kubectl, in both generations that we promise to serve."""
    return clients.kubectl(request.param, wharf, tmp_path / "kubectl")


@pytest.fixture
def admin(wharf: Wharf, tmp_path: Path) -> Kubectl:
    """The administrator's kubectl where its generation does not matter."""
    return clients.kubectl(clients.KUBECTLS[0], wharf, tmp_path / "kubectl")


@pytest.fixture
def project() -> str:
    """The name of a project that no other test uses; the test makes it."""
    return f"harbour-{next(_numbers)}"
