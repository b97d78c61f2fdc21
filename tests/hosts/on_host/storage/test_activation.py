"""Volumes given to the kernel and mounted for now, and all of it taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fake_host import FakeHost
from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.storage import activation
from wharfinger.hosts.on_host.storage.mounts import HidesFiles, MountedElsewhere
from wharfinger.hosts.on_host.storage.steps import SetActive, SetMounted, SkipActivation, Step
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed

PLACE = "/var/lib/containers"
DEVICE = "/dev/vg/root"


class Mounts(Kernel):
    def __init__(self) -> None:
        self.mounted: dict[str, str] = {}

    def mount_table(self) -> str:
        lines = enumerate(self.mounted.items(), 30)
        return "".join(
            f"{at} 1 {number} / {target} rw - xfs {DEVICE} rw\n" for at, (target, number) in lines
        )

    def device_number(self, path: str) -> str:
        return {DEVICE: "253:1"}[path]


class Host(FakeHost):
    """Does what it is told to a volume and a mount that are only values."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.table = Mounts()
        self.kernel = self.table
        self.volume = {"lv_active": "active", "lv_skip_activation": ""}
        self.answers = self._do
        (root / "dev").mkdir()

    def report(self, *commands: tuple[str, ...], seconds: float = 120) -> list[Ran]:
        documents = {"lvs": {"report": [{"lv": [self.volume]}]}}
        return [Ran(0, json.dumps(documents[command[0]])) for command in commands]

    def _do(self, command: tuple[str, ...]) -> Ran:
        if "--activate" in command:
            on = command[command.index("--activate") + 1] == "y"
            self.volume["lv_active"] = "active" if on else ""
        elif "--setactivationskip" in command:
            on = command[command.index("--setactivationskip") + 1] == "y"
            self.volume["lv_skip_activation"] = "skip activation" if on else ""
        elif command[0] == "mount":
            self.table.mounted[command[-1]] = "253:1"
        elif command[0] == "umount":
            del self.table.mounted[command[-1]]
        return Ran(0, "")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def setting(host: Host, notes: Notes | None = None) -> Setting:
    return Setting(host, "000001", "/folder", notes or {})


def do(host: Host, step: Step) -> Notes:
    """Twice, as after a kill; the notes are those of the first time."""
    worker = activation.WORKERS[type(step)]
    notes = worker.do(step, setting(host))
    return worker.do(step, setting(host, notes))


def undo(host: Host, step: Step, notes: Notes) -> None:
    back = activation.WORKERS[type(step)].undo
    assert back is not None
    for _ in range(2):
        back(step, setting(host, notes))


@pytest.mark.parametrize("before", ["active", ""])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_volume_is_given_or_taken_and_goes_back_to_what_it_was(
    host: Host, before: str, wanted: bool
):
    host.volume["lv_active"] = before
    step = SetActive("vg", "pool", active=wanted)

    notes = do(host, step)
    assert bool(host.volume["lv_active"]) is wanted
    undo(host, step, notes)
    assert host.volume["lv_active"] == before


def test_a_volume_that_is_left_out_at_boot_is_activated_all_the_same(host: Host):
    do(host, SetActive("vg", "pool", active=True))

    assert "--ignoreactivationskip" in host.ran[0]


def test_a_volume_is_left_out_at_boot_and_no_longer(host: Host):
    step = SkipActivation("vg", "pool")

    notes = do(host, step)
    assert host.volume["lv_skip_activation"]
    undo(host, step, notes)
    assert not host.volume["lv_skip_activation"]
    assert len(host.ran) == 2


def test_a_volume_that_is_not_there_is_told(host: Host):
    host.report = lambda *_, **__: [Ran(0, json.dumps({"report": [{"lv": []}]}))]

    with pytest.raises(StepFailed, match="vg/pool"):
        do(host, SkipActivation("vg", "pool"))


def test_a_filesystem_is_mounted_and_its_directory_made_and_taken_back(host: Host, tmp_path: Path):
    step = SetMounted(DEVICE, PLACE, "xfs", ("pquota",), mounted=True)

    notes = do(host, step)
    assert host.table.mounted == {PLACE: "253:1"}
    assert host.ran == [("mount", "-t", "xfs", "-o", "pquota", DEVICE, PLACE)]
    assert (tmp_path / PLACE[1:]).is_dir()
    undo(host, step, notes)
    assert host.table.mounted == {}
    assert not (tmp_path / "var").exists()


def test_a_filesystem_is_unmounted_and_mounted_again(host: Host, tmp_path: Path):
    (tmp_path / PLACE[1:]).mkdir(parents=True)
    host.table.mounted[PLACE] = "253:1"
    step = SetMounted(DEVICE, PLACE, "xfs", ("pquota",), mounted=False)

    notes = do(host, step)
    assert host.table.mounted == {}
    undo(host, step, notes)
    assert host.table.mounted == {PLACE: "253:1"}
    assert (tmp_path / PLACE[1:]).is_dir()


def test_under_selinux_what_is_mounted_is_labelled(host: Host, tmp_path: Path):
    (tmp_path / "sys/fs/selinux").mkdir(parents=True)
    (tmp_path / "sys/fs/selinux/enforce").touch()

    do(host, SetMounted(DEVICE, PLACE, "xfs", (), mounted=True))

    assert host.ran[-1] == ("restorecon", "-R", PLACE)


def test_nothing_is_mounted_over_files_or_another_mount(host: Host, tmp_path: Path):
    step = SetMounted(DEVICE, PLACE, "xfs", (), mounted=True)
    (tmp_path / PLACE[1:]).mkdir(parents=True)
    (tmp_path / PLACE[1:] / "file").touch()

    with pytest.raises(HidesFiles):
        activation.WORKERS[SetMounted].check(step, setting(host))
    with pytest.raises(HidesFiles):
        do(host, step)
    host.table.mounted[PLACE] = "8:1"
    activation.WORKERS[SetMounted].check(step, setting(host))
    with pytest.raises(MountedElsewhere):
        do(host, step)
