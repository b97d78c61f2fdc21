"""Files and units that docker-storage-setup keeps, put back byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_host import FakeHost
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.states import NotAFile
from wharfinger.hosts.on_host.storage import kept_files
from wharfinger.hosts.on_host.storage.steps import KeepFile, SetUnit, Step
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed

PATH = "/var/lib/setup/one/status"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    (tmp_path / "var").mkdir()
    return FakeHost(tmp_path)


def setting(host: FakeHost, notes: Notes | None = None) -> Setting:
    return Setting(host, "000001", "/folder", notes or {})


def do(host: FakeHost, step: Step) -> Notes:
    """Twice, as after a kill; the notes are those of the first time."""
    worker = kept_files.WORKERS[type(step)]
    notes = worker.do(step, setting(host))
    return worker.do(step, setting(host, notes))


def undo(host: FakeHost, step: Step, notes: Notes) -> None:
    back = kept_files.WORKERS[type(step)].undo
    assert back is not None
    for _ in range(2):
        back(step, setting(host, notes))


def test_a_new_file_goes_with_the_directories_that_were_made_for_it(host: FakeHost, tmp_path: Path):
    step = KeepFile(PATH, "active\n")

    notes = do(host, step)
    file = tmp_path / PATH[1:]
    assert file.read_text() == "active\n"
    assert file.stat().st_mode & 0o777 == 0o644
    undo(host, step, notes)
    assert list((tmp_path / "var").iterdir()) == []


@pytest.mark.parametrize("content", ["new\n", None])
def test_what_stood_there_comes_back(host: FakeHost, tmp_path: Path, content: str | None):
    file = tmp_path / PATH[1:]
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff old")
    file.chmod(0o600)
    step = KeepFile(PATH, content)

    notes = do(host, step)
    assert (file.read_text() if file.exists() else None) == content
    undo(host, step, notes)
    assert file.read_bytes() == b"\xff old"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_there_need_not_be_taken_away(host: FakeHost, tmp_path: Path):
    do(host, KeepFile(PATH, None))

    assert list((tmp_path / "var").iterdir()) == []


def test_a_step_that_was_not_begun_is_not_taken_back(host: FakeHost, tmp_path: Path):
    (tmp_path / "var/file").write_text("theirs")

    undo(host, KeepFile("/var/file", None), {})

    assert (tmp_path / "var/file").read_text() == "theirs"


def test_what_is_no_file_of_its_own_is_refused_before_anything(host: FakeHost, tmp_path: Path):
    (tmp_path / "var/file").write_text("theirs")
    (tmp_path / "var/other").hardlink_to(tmp_path / "var/file")

    with pytest.raises(NotAFile):
        kept_files.WORKERS[KeepFile].check(KeepFile("/var/file", "x"), setting(host))
    with pytest.raises(NotAFile):
        kept_files.WORKERS[KeepFile].check(KeepFile("/var", "x"), setting(host))


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_unit_is_enabled_or_not_and_goes_back_to_what_it_was(
    host: FakeHost, before: bool, wanted: bool
):
    state = {"enabled": before}

    def systemctl(command: tuple[str, ...]) -> Ran:
        if "is-enabled" in command:
            return Ran(0 if state["enabled"] else 1, "")
        if "daemon-reload" not in command:
            state["enabled"] = "enable" in command
        return Ran(0, "")

    host.answers = systemctl
    step = SetUnit("var-lib-containers.mount", enabled=wanted)

    notes = do(host, step)
    assert state["enabled"] is wanted
    assert ("systemctl", "daemon-reload") in host.ran
    undo(host, step, notes)
    assert state["enabled"] is before


def test_systemd_that_refuses_is_told(host: FakeHost):
    host.answers = lambda _: Ran(1, "Failed to reload")

    with pytest.raises(StepFailed, match="Failed to reload"):
        do(host, SetUnit("a.mount", enabled=True))
