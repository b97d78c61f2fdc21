from __future__ import annotations

from pathlib import Path

import pytest

from fake_docker import DockerHost, Notebook
from fake_host import picture
from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage.docker import settings
from wharfinger.hosts.on_host.storage.steps import ConfigureEngine
from wharfinger.hosts.on_host.storage.work import Refused

BEFORE, AFTER = b'{"debug": true}', '{"debug": true, "storage-driver": "overlay2"}'


def order(path: Path, expect: bytes | None = BEFORE) -> ConfigureEngine:
    digest = None if expect is None else states.digest(expect)
    return ConfigureEngine("docker", str(path), AFTER, digest)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "etc" / "daemon.json"
    file.parent.mkdir()
    file.write_bytes(BEFORE)
    file.chmod(0o640)
    return file


def test_a_file_keeps_its_mode_and_comes_back_as_it_was(book: Notebook, file: Path) -> None:
    before = picture(file.parent)

    settings.check(order(file), book.setting())
    settings.configure(order(file), book.setting())
    assert (file.read_text(), file.stat().st_mode & 0o777) == (AFTER, 0o640)
    settings.configure(order(file), book.setting())  # gone on with after a kill
    settings.put_back(order(file), book.setting())

    assert picture(file.parent) == before


def test_a_file_that_was_not_there_goes_again_with_its_folder(
    book: Notebook, tmp_path: Path
) -> None:
    file = tmp_path / "etc" / "docker" / "daemon.json"

    settings.configure(order(file, None), book.setting())
    assert file.read_text() == AFTER
    settings.put_back(order(file, None), book.setting())

    assert not (tmp_path / "etc").exists()


def test_a_file_that_is_not_as_planned_is_not_written(book: Notebook, file: Path) -> None:
    file.write_text("{}")

    with pytest.raises(Refused, match="plan"):
        settings.check(order(file), book.setting())
    with pytest.raises(Refused, match="plan"):
        settings.configure(order(file), book.setting())

    assert file.read_text() == "{}"


class Told(DockerHost):
    def processes(self, *names: str) -> list[Process]:
        words = ("dockerd", "--storage-driver=devicemapper", "--config-file", self.config)
        return [Process(100, words)] if "dockerd" in names else []


def test_what_the_command_line_says_no_file_can_change(tmp_path: Path, file: Path) -> None:
    host = Told(tmp_path / "socket")
    host.config = str(file)
    book = Notebook(host, tmp_path)

    assert settings.said_by_command_line(host) == ("--storage-driver",)
    with pytest.raises(Refused, match="--storage-driver"):
        settings.check(order(file), book.setting())

    host.config = "/etc/docker/daemon.json"  # and so the file is one that the words come from
    settings.check(order(file), book.setting())
