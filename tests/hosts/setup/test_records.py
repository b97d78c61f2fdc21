"""What is kept of named configurations: the peer's files, read and written."""

import pytest

from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.setup import records
from wharfinger.hosts.setup.records import InvalidConfigName, Record, RecordOfAnotherVersion

RECORD = Record(
    "devicemapper", "vg", True, ("/dev/vdb", "/dev/vdc"), "pool", "root", "/var/lib/c", "yes", "60"
)
WRITTEN = """\
_M_METADATA_VERSION=1
_M_STORAGE_DRIVER=devicemapper
_M_VG=vg
_M_VG_CREATED=1
_M_DEVS_RESOLVED="/dev/vdb /dev/vdc"
_M_CONTAINER_THINPOOL=pool
_M_CONTAINER_ROOT_LV_NAME=root
_M_CONTAINER_ROOT_LV_MOUNT_PATH=/var/lib/c
_M_AUTO_EXTEND_POOL=yes
_M_DEVICE_WAIT_TIMEOUT=60
"""


def test_a_record_is_written_as_the_peer_writes_it_and_read_again():
    assert records.written(RECORD) == WRITTEN
    assert records.parsed(WRITTEN.encode(), "metadata") == RECORD
    empty = Record("")
    assert records.parsed(records.written(empty).encode(), "metadata") == empty


def test_what_a_shell_would_act_on_is_quoted():
    strange = Record("overlay2", root_name="r", root_path="/a b/$(c)", auto_extend="y;z")

    assert records.parsed(records.written(strange).encode(), "metadata") == strange


def test_a_record_that_would_run_something_is_refused():
    with pytest.raises(UnreadableFile):
        records.parsed(b"_M_METADATA_VERSION=1\n_M_VG=$(reboot)\n", "metadata")
    with pytest.raises(RecordOfAnotherVersion):
        records.parsed(b"_M_METADATA_VERSION=2\n", "metadata")


def test_a_name_cannot_lead_elsewhere():
    assert records.path("my-create", "status") == f"{records.STATE_DIRECTORY}/my-create/status"
    for name in ("", ".", "..", "../x", "a/b", "-o", "a\nb"):
        with pytest.raises(InvalidConfigName):
            records.path(name)


def test_the_list_of_all_has_columns_that_scripts_cut():
    assert records.table({}) == ""
    assert records.table({"one": ("overlay2", "active")}) == (
        f"{'NAME':<24} {'DRIVER':<16} {'STATUS':<16}\n{'one':<24} {'overlay2':<16} {'active':<16}\n"
    )


def test_one_configuration_is_told_by_its_driver():
    lines = records.told("one", RECORD, "active").splitlines()

    assert lines[:3] == ["Name: one", "Status: active", "STORAGE_DRIVER=devicemapper"]
    assert 'DEVS="/dev/vdb /dev/vdc"' in lines
    assert lines[-1] == "DEVICE_WAIT_TIMEOUT=60"
    overlay = records.told("two", Record("overlay2", "vg", devices=("/dev/vdb",)), "inactive")
    assert overlay.splitlines()[3:5] == ["VG=vg", "DEVS=/dev/vdb"]
    assert records.told("three", Record(""), "active").count("\n") == 3
