from __future__ import annotations

from fake_storage import GIB, FakeKernel, room
from wharfinger.hosts.on_host.storage import mount_table
from wharfinger.hosts.on_host.storage.facts import Mount

TABLE = r"""
21 29 0:19 / /proc rw,relatime - proc proc rw
29 1 253:0 / / rw,relatime - xfs /dev/root rw,attr2
35 29 253:3 / /mnt/my\040files rw,relatime shared:7 master:1 - xfs /dev/mapper/vg-files rw,prjquota
36 29 253:3 /inner /mnt/bind ro - xfs /dev/mapper/vg-files rw
37 29 0:50 / /home rw - nfs4 server:/home rw
38 29 0:51 / /net rw - autofs auto rw
this is no line of the table
"""


def host() -> FakeKernel:
    kernel = FakeKernel()
    kernel.mounts = TABLE
    kernel.rooms = {
        "/proc": room(0, 0),
        "/": room(GIB, 0),
        "/mnt/my files": room(2 * GIB, GIB),
        "/mnt/bind": room(2 * GIB, GIB),
    }
    kernel.xfs = {"/": 0, "/mnt/my files": 1 << 16}
    return kernel


def read(kernel: FakeKernel) -> dict[str, Mount]:
    numbers = {"253:0": "/dev/mapper/vg-root"}
    found = mount_table.read(kernel, lambda number, source: numbers.get(number, source))
    return {one.target: one for one in found}


def test_mounts_have_their_names_their_room_and_their_ftype():
    found = read(host())

    assert found["/"].source == "/dev/mapper/vg-root"
    assert found["/"].type_in_directories is False
    files = found["/mnt/my files"]
    assert (files.size, files.used, files.free) == (2 * GIB, GIB, GIB)
    assert (files.inodes, files.inodes_free) == (1000, 900)
    assert files.type_in_directories is True
    assert files.options == ("rw", "relatime", "prjquota")
    assert found["/mnt/bind"].root == "/inner"


def test_what_stores_nothing_or_would_mount_by_looking_is_left_out():
    assert set(read(host())) == {"/", "/mnt/my files", "/mnt/bind", "/home"}


def test_a_filesystem_of_another_machine_is_never_asked_for_its_room():
    kernel = host()
    kernel.rooms["/home"] = room(GIB, GIB)

    assert read(kernel)["/home"].size == 0


def test_what_is_mounted_over_gets_no_numbers_of_what_hides_it():
    kernel = host()
    kernel.mounts += "40 29 253:9 / /mnt/bind rw - ext4 /dev/vdz rw\n"
    found = mount_table.read(kernel, lambda _, source: source)

    hidden, seen = (one for one in found if one.target == "/mnt/bind")
    assert (hidden.source, hidden.size) == ("/dev/mapper/vg-files", 0)
    assert (seen.source, seen.size) == ("/dev/vdz", 2 * GIB)
