"""An engine that keeps devicemapper images, and the host that it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_docker import DockerHost, FakeDocker, Notebook


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[FakeDocker]:
    engine = FakeDocker(tmp_path / "docker")
    with engine.serving(tmp_path / "socket"):
        yield engine


@pytest.fixture
def book(docker: FakeDocker, tmp_path: Path) -> Notebook:
    folder = tmp_path / "order"
    folder.mkdir()
    return Notebook(DockerHost(tmp_path / "socket"), folder)
