"""Calls from the first word to the exit code, on a tree with an imagined kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fake_host import FakeHost
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.storage.facts import Mount, StorageFacts
from wharfinger.hosts.setup import host
from wharfinger.hosts.setup.command import Command

INPUT = "etc/sysconfig/docker-storage-setup"
OUTPUT = "etc/sysconfig/docker-storage"
STATE = "var/lib/container-storage-setup"
LINE = 'DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "\n'


@dataclass
class Program:
    """A host on which the programs can be called; what they said is in `out` and `err`."""

    root: Path
    machine: FakeHost
    facts: StorageFacts = field(default_factory=lambda: StorageFacts("host"))
    out: str = ""
    err: str = ""

    def __call__(self, *words: str) -> int:
        out: list[str] = []
        err: list[str] = []

        def read(_: Machine) -> StorageFacts:
            return self.facts

        command = Command(self.machine, "container-storage-setup", out.append, err.append, read)
        code = command.run(words)
        self.out, self.err = "".join(out), "".join(err)
        return code

    def write(self, path: str, text: str) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return f"/{path}"

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def exists(self, path: str) -> bool:
        return (self.root / path).exists()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    for key in ("DEVS", "VG"):
        monkeypatch.delenv(key, raising=False)
    machine = FakeHost(tmp_path)
    monkeypatch.setattr(machine.kernel, "is_root", lambda: True)
    return Program(tmp_path, machine)


def test_help_and_version_need_no_root_and_no_host(program: Program, monkeypatch):
    monkeypatch.setattr(program.machine.kernel, "is_root", lambda: False)

    assert (program("--version"), program.out) == (0, "0.11.0\n")
    assert program("--help") == 0
    assert program.out.startswith("Usage: container-storage-setup")
    assert (program("create"), program.err) == (0, "")
    assert program("bla") == 1
    assert program.err.startswith("ERROR: ")
    assert program() == 1
    assert "root" in program.err


def test_the_output_file_is_written_and_written_again_and_taken_away(program: Program):
    program.write(INPUT, "STORAGE_DRIVER=overlay2\n")

    assert (program(), program.out) == (0, "")
    assert program.read(OUTPUT) == LINE
    assert all(line.startswith("INFO: ") for line in program.err.splitlines())
    program.write(INPUT, "STORAGE_DRIVER=overlay2\nEXTRA_STORAGE_OPTIONS='--x y'\n")
    assert program() == 0
    assert program.read(OUTPUT) == LINE.replace(' "', ' --x y"')
    assert program("--reset") == 0
    assert not program.exists(OUTPUT)
    assert program("--reset") == 0


def test_an_overlay_that_the_kernel_does_not_mount_is_told_before_anything(program: Program):
    program.write(INPUT, "STORAGE_DRIVER=overlay2\n")
    program.machine.answers = lambda _: Ran(32, "unknown filesystem type 'overlay'")

    assert program() == 1
    assert "unknown filesystem type" in program.err
    assert not program.exists(OUTPUT)
    assert not program.exists("run/container-storage-setup")


def test_a_file_that_only_a_shell_could_read_is_refused_with_its_line(program: Program):
    program.write(INPUT, "STORAGE_DRIVER=overlay2\nVG=$(vgs)\n")

    assert program() == 1
    assert "/etc/sysconfig/docker-storage-setup" in program.err
    assert "line 2" in program.err


def test_the_environment_says_what_no_file_does(program: Program, monkeypatch):
    monkeypatch.setenv("DEVS", "/dev/nothing")
    monkeypatch.setenv("VG", "vg")
    monkeypatch.setenv("STORAGE_DRIVER", "devicemapper")
    program.write(INPUT, "STORAGE_DRIVER=overlay2\n")

    assert program() == 1
    assert "/dev/nothing" in program.err
    program.write(INPUT, "STORAGE_DRIVER=overlay2\nDEVS=\n")
    assert program() == 0


def test_the_defaults_of_an_installation_count_less_than_the_file(program: Program):
    program.write(
        "usr/share/container-storage-setup/container-storage-setup", "STORAGE_DRIVER=overlay\n"
    )
    assert program() == 0
    assert "overlay " in program.read(OUTPUT)


def test_a_pool_that_does_not_appear_is_waited_for(program: Program, monkeypatch):
    program.write(
        OUTPUT, LINE.replace("overlay2", "devicemapper --storage-opt dm.thinpooldev=/dev/x")
    )
    program.write(INPUT, "DEVICE_WAIT_TIMEOUT=7\n")
    waited: list[float] = []
    monkeypatch.setattr(
        program.machine, "pauses", lambda seconds: (waited.append(seconds), [None])[1]
    )

    assert program() == 1
    assert waited == [7]
    assert "did not appear" in program.err


def test_a_configuration_lives_and_goes(program: Program):
    infile = program.write("root/config", "STORAGE_DRIVER=\n")

    assert program("create", "one", infile) == 0
    assert program.out == "Created storage configuration one\n"
    assert program.read(f"{STATE}/one/infile") == "STORAGE_DRIVER=\n"
    assert program.read(f"{STATE}/one/outfile") == ""
    assert program("create", "one", infile) == 1
    assert program("deactivate", "one") == 0
    assert program.out == "Deactivated storage configuration one\n"
    assert program("list", "one") == 0
    assert program.out.splitlines() == ["Name: one", "Status: inactive", "STORAGE_DRIVER="]
    assert program("activate", "one") == 0
    assert program("list") == 0
    assert [line.split() for line in program.out.splitlines()] == [
        ["NAME", "DRIVER", "STATUS"],
        ["one", "active"],
    ]
    assert program("remove", "one") == 0
    assert not program.exists(f"{STATE}/one")
    assert program("list", "one") == 1
    assert (program("list"), program.out) == (0, "")


def test_the_options_go_to_the_file_that_is_asked_for_and_are_exported(program: Program):
    infile = program.write("root/config", "STORAGE_DRIVER=overlay2\n")

    assert program("create", "-o", "/root/options", "one", infile) == 0
    assert program.read("root/options") == 'STORAGE_OPTIONS="--storage-driver overlay2 "\n'
    assert program("export", "one") == 0
    assert program.out == program.read("root/options")


def test_what_is_not_there_is_told(program: Program):
    for words in (
        ("activate", "activate"),
        ("remove", "one"),
        ("export", "one"),
        ("add-dev", "one", "/dev/vdb"),
        ("create", "one", "/nothing"),
    ):
        assert program(*words) == 1
        assert program.err.startswith("ERROR: ")


def test_an_installation_of_the_peer_is_taken_over(program: Program):
    folder = f"{STATE}/theirs"
    program.write(
        f"{folder}/metadata",
        "_M_METADATA_VERSION=1\n_M_STORAGE_DRIVER=overlay2\n_M_VG=\n_M_VG_CREATED=\n"
        '_M_DEVS_RESOLVED=""\n_M_CONTAINER_THINPOOL=\n_M_CONTAINER_ROOT_LV_NAME=\n'
        "_M_CONTAINER_ROOT_LV_MOUNT_PATH=\n_M_AUTO_EXTEND_POOL=yes\n_M_DEVICE_WAIT_TIMEOUT=60\n",
    )
    program.write(f"{folder}/status", "invalid")

    assert program("activate", "theirs") == 1
    program.write(f"{folder}/status", "active")
    assert program("deactivate", "theirs") == 0
    assert program.read(f"{folder}/status") == "inactive\n"


def test_a_failure_half_way_leaves_nothing(program: Program):
    program.write(INPUT, "STORAGE_DRIVER=overlay2\nVG=vg\n")
    (program.root / "etc/sysconfig/docker-storage").mkdir()

    assert program() == 1
    assert list((program.root / OUTPUT).iterdir()) == []


def test_two_do_not_work_at_once(program: Program, monkeypatch):
    monkeypatch.setattr(program.machine, "pauses", lambda _: [])
    with host.locked(program.machine, lambda _: None):
        assert program() == 1
    assert "INFO: another run" in program.err
    assert "ERROR: " in program.err


def test_xfs_without_ftype_is_told(program: Program):
    program.facts = StorageFacts(
        "host", mounts=(Mount("/", "/dev/vda1", "xfs", type_in_directories=False),)
    )
    program.write(INPUT, "STORAGE_DRIVER=overlay2\n")

    assert program() == 1
    assert "ftype=0" in program.err


def test_what_an_administrator_names_may_be_a_link(program: Program):
    program.write("srv/.site/setup", "STORAGE_DRIVER=overlay2\n")
    (program.root / "etc/sysconfig").mkdir(parents=True)
    (program.root / INPUT).symlink_to("../../srv/.site/setup")

    assert host.resolved(program.machine, f"/{INPUT}") == "/srv/.site/setup"
    assert host.resolved(program.machine, "/") == "/"
    assert program() == 0
    assert program.read(OUTPUT) == LINE


@pytest.mark.parametrize(
    ("release", "detaches"),
    [("3.10.0-1160.el7", False), ("3.18.1", True), ("6.1.0-56-amd64", True), ("odd", False)],
)
def test_a_kernel_since_3_18_lets_directories_go(release: str, detaches: bool):
    assert host.detaches(release) is detaches
