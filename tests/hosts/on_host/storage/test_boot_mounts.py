from __future__ import annotations

import pytest

from fake_host import FakeHost, put
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.storage import boot_mounts
from wharfinger.hosts.on_host.storage.boot_mounts import BootMount
from wharfinger.hosts.on_host.storage.work import Setting

TARGET = "/var/lib/docker"
MOUNT = BootMount("UUID=0f1e", TARGET, "xfs", ("pquota",))
OTHERS = b"# written by the installer\nUUID=aa / ext4 errors=remount-ro 0 1\nno newline at the end"


@pytest.fixture
def setting(tmp_path):
    (tmp_path / "etc").mkdir()
    return Setting(FakeHost(tmp_path), "000001", "/folder")


@pytest.fixture
def under_systemd(tmp_path, setting):
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    return setting


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/var/lib/docker", "var-lib-docker.mount"),
        ("/", "-.mount"),
        ("/srv/my-data", r"srv-my\x2ddata.mount"),
        ("/.hidden/a.b", r"\x2ehidden-a.b.mount"),
        ("/srv/größe 1", r"srv-gr\xc3\xb6\xc3\x9fe\x201.mount"),
    ],
)
def test_units_are_named_as_systemd_escapes_paths(target, name):
    assert boot_mounts.unit_name(target) == name


def test_a_line_is_added_once_and_the_lines_of_others_stay(tmp_path, setting):
    fstab = put(tmp_path, boot_mounts.FSTAB, OTHERS)

    boot_mounts.add(MOUNT, setting)
    boot_mounts.add(MOUNT, setting)

    assert fstab.read_bytes() == OTHERS + b"\nUUID=0f1e /var/lib/docker xfs pquota 0 0\n"


def test_a_blank_in_a_path_is_written_as_fstab_wants_it(tmp_path, setting):
    mount = BootMount("/dev/mapper/a-b", "/srv/my data", "ext4")

    boot_mounts.add(mount, setting)
    boot_mounts.add(mount, setting)

    written = (tmp_path / "etc/fstab").read_bytes()
    assert written == rb"/dev/mapper/a-b /srv/my\040data ext4 defaults 0 2" + b"\n"


@pytest.mark.parametrize("before", [OTHERS, b"", None])
def test_what_was_added_is_taken_back_to_the_byte(tmp_path, setting, before):
    fstab = tmp_path / "etc/fstab"
    if before is not None:
        put(tmp_path, boot_mounts.FSTAB, before)
    seen = boot_mounts.seen(setting.machine, TARGET)
    boot_mounts.add(MOUNT, setting)

    boot_mounts.put_back(TARGET, seen, setting)
    boot_mounts.put_back(TARGET, seen, setting)

    assert (fstab.read_bytes() if fstab.exists() else None) == before


def test_lines_that_others_have_added_since_are_not_taken_back(tmp_path, setting):
    fstab = put(tmp_path, boot_mounts.FSTAB, b"UUID=aa / ext4 defaults 0 1\n")
    seen = boot_mounts.seen(setting.machine, TARGET)
    boot_mounts.add(MOUNT, setting)
    fstab.write_bytes(fstab.read_bytes() + b"UUID=bb /srv xfs defaults 0 0\n")

    boot_mounts.put_back(TARGET, seen, setting)

    assert fstab.read_bytes() == b"UUID=aa / ext4 defaults 0 1\nUUID=bb /srv xfs defaults 0 0\n"


def test_under_systemd_a_unit_holds_the_engines_back(tmp_path, under_systemd):
    boot_mounts.add(MOUNT, under_systemd)

    unit = (tmp_path / "etc/systemd/system/var-lib-docker.mount").read_text()
    assert "What=/dev/disk/by-uuid/0f1e\nWhere=/var/lib/docker\nType=xfs\nOptions=pquota\n" in unit
    assert "RequiredBy=docker.service containerd.service\n" in unit
    assert under_systemd.machine.ran == [("systemctl", "--quiet", "enable", "var-lib-docker.mount")]
    assert not (tmp_path / "etc/fstab").exists()


def test_a_unit_is_disabled_before_it_goes(tmp_path, under_systemd):
    seen = boot_mounts.seen(under_systemd.machine, TARGET)
    boot_mounts.add(MOUNT, under_systemd)
    under_systemd.machine.ran.clear()

    boot_mounts.put_back(TARGET, seen, under_systemd)

    assert not (tmp_path / "etc/systemd/system/var-lib-docker.mount").exists()
    assert under_systemd.machine.ran == [
        ("systemctl", "--quiet", "--no-reload", "disable", "var-lib-docker.mount"),
        ("systemctl", "daemon-reload"),
    ]


def test_nothing_is_mounted_at_boot_any_more_whoever_asked_for_it(tmp_path, under_systemd):
    fstab = put(
        tmp_path, boot_mounts.FSTAB, b"UUID=aa / ext4 x 0 1\n/dev/sdb1 /var/lib/docker xfs\n"
    )
    put(tmp_path, "/etc/systemd/system/var-lib-docker.mount", b"[Mount]\n")
    under_systemd.machine.answers = lambda _: Ran(0, "")

    boot_mounts.remove(TARGET, under_systemd)

    assert fstab.read_bytes() == b"UUID=aa / ext4 x 0 1\n"
    assert not (tmp_path / "etc/systemd/system/var-lib-docker.mount").exists()
