from __future__ import annotations

from pathlib import Path

import pytest

from fake_storage import MIB, StorageHost, full_report
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.storage import lvm_reports
from wharfinger.hosts.on_host.storage.facts import PhysicalVolume, Volume, VolumeGroup
from wharfinger.hosts.on_host.storage.reports import ReportFailed, ReportUnreadable

POOL = {
    "vg_name": "vg-0",
    "lv_name": "docker-pool",
    "lv_uuid": "HU5HeQ-t7TU-OKdJ-MIPG-NSe7-Ybum-YvnAov",
    "lv_size": "2147483648",
    "segtype": "thin-pool",
    "lv_path": "",
    "lv_active": "active",
    "pool_lv": "",
    "data_percent": "3.56",
    "metadata_percent": "10.32",
    "lv_metadata_size": "12582912",
    "chunk_size": "524288",
    "lv_profile": "",
    "seg_monitor": "monitored",
    "lv_health_status": "",
    "lv_check_needed": "",
}
FILES = {
    **POOL,
    "lv_name": "files",
    "lv_uuid": "4rYD8L-Y62C-lyFw-4cJJ-QsAX-MrAs-sg6TfX",
    "segtype": "linear",
    "lv_path": "/dev/vg-0/files",
    "data_percent": "",
    "metadata_percent": "",
    "lv_metadata_size": "",
    "chunk_size": "0",
    "seg_monitor": "",
}
PV = {
    "pv_name": "/dev/vda1",
    "pv_uuid": "smt8iH",
    "vg_name": "vg-0",
    "pv_size": "4290772992",
    "pv_free": "1291845632",
    "dev_size": "4292870144",
    "pv_missing": "",
}
GONE = {**PV, "pv_name": "[unknown]", "pv_uuid": "GoWnrE", "dev_size": "0", "pv_missing": "missing"}
VG = {
    "vg_name": "vg-0",
    "vg_uuid": "vcoW45",
    "vg_size": "8581545984",
    "vg_free": "5570035712",
    "vg_extent_size": "4194304",
}
LOOSE = {**PV, "pv_name": "/dev/vdb", "pv_uuid": "PtOwKD", "vg_name": ""}
DEFAULTS = """thin_pool_autoextend_threshold=100
thin_pool_autoextend_percent=20
"""


REPORT = ("lvm", "fullreport")


@pytest.fixture
def host(tmp_path: Path) -> StorageHost:
    host = StorageHost(tmp_path)
    host.says = {
        REPORT: full_report({"vg": [VG], "pv": [GONE, PV], "seg": [FILES, POOL]}, {"pv": [LOOSE]}),
        ("lvmconfig", "--typeconfig"): Ran(0, DEFAULTS),
    }
    return host


def with_volumes(host: StorageHost, *rows: dict[str, str]) -> None:
    host.says[REPORT] = full_report({"vg": [VG], "pv": [PV], "seg": rows})


def test_volumes_and_groups_are_as_lvm_says(host: StorageHost):
    found = lvm_reports.read(host)

    assert found.physical == (
        PhysicalVolume("/dev/vda1", "smt8iH", "vg-0", 4290772992, 1291845632, 4292870144),
        PhysicalVolume("/dev/vdb", "PtOwKD", "", 4290772992, 1291845632, 4292870144),
        PhysicalVolume("[unknown]", "GoWnrE", "vg-0", 4290772992, 1291845632, 0, missing=True),
    )
    assert found.groups == (VolumeGroup("vg-0", "vcoW45", 8581545984, 5570035712, 4 * MIB),)
    pool, files = found.volumes
    assert pool == Volume(
        "vg-0",
        "docker-pool",
        POOL["lv_uuid"],
        2048 * MIB,
        "thin-pool",
        "/dev/mapper/vg--0-docker--pool",
        active=True,
        data_percent=3.56,
        metadata_percent=10.32,
        metadata_size=12 * MIB,
        chunk=512 << 10,
        monitored=True,
    )
    assert (files.path, files.kind, files.chunk) == ("/dev/vg-0/files", "linear", None)


@pytest.mark.parametrize(
    ("status", "check", "health"),
    [
        ("out_of_data", "", "out_of_data"),
        ("metadata_read_only", "", "metadata_read_only"),
        ("metadata_read_only", "check needed", "check_needed"),
        ("", "unknown", ""),
    ],
)
def test_a_pool_that_needs_a_check_is_not_only_full(
    host: StorageHost, status: str, check: str, health: str
):
    with_volumes(host, {**POOL, "lv_health_status": status, "lv_check_needed": check})

    (pool,) = lvm_reports.read(host).volumes

    assert pool.health == health


def test_a_volume_of_several_segments_is_one(host: StorageHost):
    with_volumes(host, FILES, FILES)

    assert len(lvm_reports.read(host).volumes) == 1


def test_groups_of_the_same_name_are_several(host: StorageHost):
    other, theirs = {**VG, "vg_uuid": "f9IV5B"}, {**FILES, "lv_uuid": "6O3tXF"}
    host.says[REPORT] = full_report(
        {"vg": [VG], "pv": [PV], "seg": [FILES]},
        {"vg": [other], "pv": [LOOSE], "seg": [theirs]},
        complaints="  WARNING: VG name vg-0 is used by VGs vcoW45 and f9IV5B.",
    )

    found = lvm_reports.read(host)

    assert [(one.name, one.uuid) for one in found.groups] == [
        ("vg-0", "vcoW45"),
        ("vg-0", "f9IV5B"),
    ]
    assert [one.uuid for one in found.volumes] == [FILES["lv_uuid"], "6O3tXF"]


def test_lvm_is_asked_once_where_nothing_extends_itself(host: StorageHost):
    with_volumes(host, FILES)

    lvm_reports.read(host)

    assert [command[:2] for command in host.ran] == [REPORT]


def test_a_pool_is_extended_as_its_profile_says(host: StorageHost):
    with_volumes(host, {**POOL, "lv_profile": "mine"}, {**POOL, "lv_uuid": "other"})
    told = Ran(0, DEFAULTS.replace("100", "60"))
    host.says["lvmconfig", "--metadataprofile", "mine"] = told

    mine, other = lvm_reports.read(host).volumes

    assert (mine.threshold, mine.percent) == (60, 20)
    assert (other.threshold, other.percent) == (None, None)


def test_a_profile_that_is_gone_extends_nothing(host: StorageHost):
    with_volumes(host, {**POOL, "lv_profile": "gone"})
    host.says["lvmconfig", "--metadataprofile", "gone"] = Ran(5, "", "stat failed")

    (pool,) = lvm_reports.read(host).volumes

    assert (pool.profile, pool.threshold) == ("gone", None)


def test_a_tool_that_fails_is_named_with_its_words(host: StorageHost):
    host.says[REPORT] = Ran(5, "", "  Volume group is locked")

    with pytest.raises(ReportFailed, match="lvm failed: Volume group is locked"):
        lvm_reports.read(host)


@pytest.mark.parametrize("words", ["", "LV VG Attr", "[]", "{", '"lv"'])
def test_an_answer_that_is_no_report_is_told(host: StorageHost, words: str):
    host.says[REPORT] = Ran(0, words)

    with pytest.raises(ReportUnreadable, match="lvm"):
        lvm_reports.read(host)


@pytest.mark.parametrize(
    "garbage", ['{"report": 7}', '{"report": [{"seg": 1}]}', '{"report": [{"seg": [null]}]}']
)
def test_a_report_of_another_form_has_no_volumes(host: StorageHost, garbage: str):
    host.says[REPORT] = Ran(0, garbage)

    assert lvm_reports.read(host).volumes == ()
