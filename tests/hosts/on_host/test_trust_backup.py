"""A backup of trust is whole or refused, and a restore ends byte for byte where it began."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from wharfinger.hosts.on_host import apply, trust_backup
from wharfinger.hosts.on_host.changes import Action, RemoveDirectory, WriteFile
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.trust_backup import Backup, DamagedBackup

DOCKER = "etc/docker/certs.d/registry.test:5000"
DEBIAN = "usr/local/share/ca-certificates"
REDHAT = "etc/pki/ca-trust/source/anchors"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    for path, content, mode in (
        (f"{DOCKER}/ca.crt", "theirs", 0o644),
        (f"{DOCKER}/wharfinger.key", "secret", 0o600),
        (f"{DOCKER}/same.crt", "theirs", 0o640),
        ("etc/containerd/certs.d/registry.test/hosts.toml", "ca = 'x'", 0o644),
        (f"{DEBIAN}/site.crt", "site", 0o644),
        (f"{DEBIAN}/more/deep.crt", "deep", 0o644),
        ("etc/os-release", "ID=debian", 0o644),
    ):
        put(folder, path, content, mode)
    (folder / DOCKER / "linked.crt").symlink_to("/etc/rhsm/ca.pem")
    (folder / "etc/containers/certs.d/empty").mkdir(parents=True)
    (folder / DOCKER).chmod(0o750)
    return folder


def put(root: Path, path: str, content: str, mode: int = 0o644) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(mode)


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """All that stands in the trust places: kind, mode, owner and bytes."""
    found: dict[str, tuple[object, ...]] = {}
    for place in (*trust_backup._PLACES, "/etc/containerd/certs.d"):
        top = root / place.lstrip("/")
        for path in [top, *top.rglob("*")]:
            if path.is_symlink():
                found[str(path)] = (path.readlink(),)
            elif path.exists():
                status = path.stat()
                content = path.read_bytes() if path.is_file() else None
                found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def take(root: Path) -> Backup:
    return trust_backup.take(Machine(str(root)))


def restore(backup: Backup, root: Path) -> None:
    order = trust_backup.order(backup, take(root))
    apply.apply(order, Machine(str(root)))


def test_a_backup_is_read_as_it_was_written(root):
    backup = take(root)

    content = trust_backup.to_bytes(backup)

    assert trust_backup.from_bytes(content) == backup
    assert trust_backup.to_bytes(backup) == content
    assert content.count(b"theirs") == 1  # one content, two names
    assert backup.entries["/" + DOCKER + "/wharfinger.key"].mode == 0o600
    assert "secret" not in repr(backup)


def test_it_is_named_after_host_and_date(root):
    backup = Backup("ship/../1", "debian", 0.0, (), {})

    assert backup.name == "trust-ship-..-1-19700101T000000Z.tar"


def test_what_was_wiped_comes_back_byte_for_byte(root):
    backup, before = take(root), tree(root)
    for place in ("etc/docker", "etc/containers", "etc/containerd", "usr/local"):
        shutil.rmtree(root / place)

    restore(backup, root)

    assert tree(root) == before


def test_what_was_changed_and_added_goes_back_too(root):
    backup, before = take(root), tree(root)
    put(root, f"{DOCKER}/ca.crt", "changed", 0o666)
    (root / DOCKER).chmod(0o777 & ~0o002)
    (root / DOCKER / "linked.crt").unlink()
    put(root, f"{DOCKER}/linked.crt", "a file now")
    (root / DOCKER / "same.crt").unlink()
    (root / DOCKER / "same.crt").symlink_to("ca.crt")
    put(root, "etc/docker/certs.d/new.test/inner/ca.crt", "new")
    put(root, "etc/pki/ca-trust/source/anchors/new.pem", "new")

    restore(backup, root)

    assert tree(root) == before
    assert trust_backup.order(backup, take(root)).files == ()


def test_a_restore_can_be_undone(root):
    backup = take(root)
    put(root, f"{DOCKER}/ca.crt", "changed", 0o600)
    put(root, "etc/docker/certs.d/new.test/ca.crt", "new")
    changed = tree(root)

    restore(backup, root)
    apply.undo(Machine(str(root)))

    assert tree(root) == changed


def test_the_system_is_told_only_where_its_anchors_change(root):
    backup = take(root)
    put(root, f"{DOCKER}/ca.crt", "changed")
    assert trust_backup.order(backup, take(root)).actions == ()

    put(root, f"{DEBIAN}/site.crt", "changed")
    assert trust_backup.order(backup, take(root)).actions == (Action.UPDATE_SYSTEM_TRUST,)


def test_what_is_no_file_is_told_and_left_alone(root):
    os.mkfifo(root / DOCKER / "pipe.crt")
    backup = take(root)
    assert "pipe" in backup.left_out[f"/{DOCKER}/pipe.crt"]

    os.mkfifo(root / "etc/containers/certs.d/empty/pipe.crt")
    less = take(root)
    less_known = Backup("h", "debian", 0.0, less.places, {})
    gone = [change.path for change in trust_backup.order(less_known, less).files]
    assert "/etc/containers/certs.d/empty" not in gone
    assert not any(path.endswith("pipe.crt") for path in gone)


def test_another_family_has_its_anchors_elsewhere(root):
    backup, lost = trust_backup.mapped(take(root), "redhat")

    assert lost == []
    assert f"/{REDHAT}/site.crt" in backup.entries
    assert f"/{REDHAT}/more-deep.crt" in backup.entries
    assert not any(path.startswith(f"/{DEBIAN}") for path in backup.entries)
    there = Backup("h", "redhat", 0.0, backup.places, {})
    written = trust_backup.order(backup, there).files
    assert {one.path for one in written if isinstance(one, WriteFile)} >= {f"/{REDHAT}/site.crt"}
    assert not any(isinstance(one, RemoveDirectory) for one in written)


def test_what_has_no_place_in_another_family_is_told(root):
    put(root, "etc/ca-certificates.conf", "!mozilla/x.crt")

    assert trust_backup.mapped(take(root), "redhat")[1] == ["/etc/ca-certificates.conf"]
    assert trust_backup.mapped(take(root), "debian")[1] == []


# Damage


def rewritten(content: bytes, change: str, data: bytes | None = None) -> bytes:
    """The archive with one member left out, added or changed."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=out, mode="w") as new,
    ):
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            held = file.read()
            if member.name.startswith(change):
                if data is None:
                    continue
                held = data
                member.size = len(data)
            new.addfile(member, io.BytesIO(held))
        if change == "more":
            new.addfile(tarfile.TarInfo("../../etc/passwd"), io.BytesIO(b""))
    return out.getvalue()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _: b"", "no tar archive"),
        (lambda _: b"\x00" * 10240, "no list"),
        (lambda _: b"certificate", "no tar archive"),
        (lambda content: content.replace(b"theirs", b"THEIRS"), "not as it was written"),
        (lambda content: content.replace(b'"debian"', b'"redhat"'), "not as it was written"),
        (lambda content: content[: len(content) // 3], "no tar archive"),
        (lambda content: rewritten(content, "backup-"), "no list"),
        (lambda content: rewritten(content, "blobs/"), "is missing"),
        (lambda content: rewritten(content, "blobs/", b"x"), "not as it was written"),
        (lambda content: rewritten(content, "more"), "something else"),
        (lambda content: content + b"\x00" * trust_backup.SIZE_LIMIT, "more than 64 MiB"),
    ],
)
def test_a_damaged_backup_is_refused(root, damage, reason):
    content = trust_backup.to_bytes(take(root))

    with pytest.raises(DamagedBackup) as caught:
        trust_backup.from_bytes(damage(content))

    assert reason in caught.value.reason


@pytest.mark.parametrize(
    "path", ["/etc/docker/certs.d/../../shadow", "/etc/shadow", "etc/docker/certs.d/x", "/"]
)
def test_a_list_does_not_lead_elsewhere(root, path):
    entry = trust_backup.Entry(path, "link", target="/etc/passwd")
    places = ("/etc/docker/certs.d",)
    content = trust_backup.to_bytes(Backup("h", "debian", 0.0, places, {path: entry}))

    with pytest.raises(DamagedBackup):
        trust_backup.from_bytes(content)


def test_a_list_does_not_speak_for_other_places(root):
    entry = trust_backup.Entry("/etc/shadow", "link", target="/etc/passwd")
    backup = Backup("h", "debian", 0.0, ("/etc",), {"/etc/shadow": entry})

    read = trust_backup.from_bytes(trust_backup.to_bytes(backup))

    with pytest.raises(trust_backup.ForeignPlace):
        trust_backup.order(read, take(root))
