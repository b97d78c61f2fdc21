from __future__ import annotations

import json
from pathlib import Path

import pytest

from fake_host import put
from fake_storage import GIB, StorageHost, full_report, report
from wharfinger.hosts.on_host import command
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.storage import watch_service

POOL = {
    "vg_name": "docker",
    "lv_name": "pool",
    "lv_uuid": "u-1",
    "lv_size": str(GIB),
    "segtype": "thin-pool",
    "lv_active": "active",
    "data_percent": "95.00",
    "metadata_percent": "10.00",
    "lv_metadata_size": "12582912",
}


@pytest.fixture
def host(tmp_path: Path) -> StorageHost:
    host = StorageHost(tmp_path)
    host.says = {
        ("lsblk",): report({"blockdevices": []}),
        ("lvm",): full_report({"seg": [POOL]}),
        ("lvmconfig",): Ran(0, ""),
    }
    put(tmp_path, "/usr/sbin/lvm")
    return host


def test_one_look_is_one_line_of_json(host: StorageHost, capsys: pytest.CaptureFixture[str]):
    assert watch_service.run(["--once"], host) == 0

    told = json.loads(capsys.readouterr().out)
    assert [one["ratio"] for one in told["fills"]] == [0.95, 0.1]
    assert told["began"] == ["data-high docker/pool", "no-auto-extension docker/pool"]


def test_what_goes_wrong_is_told_on_stderr(host: StorageHost, capsys: pytest.CaptureFixture[str]):
    host.says["lvm",] = Ran(5, "", "locked")

    assert watch_service.run(["--once"], host) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert json.loads(told.err)["error"]["code"] == "storage-report-failed"


@pytest.mark.parametrize(
    "words", [["--every", "0"], ["--every", "x"], ["--reserve", "100"], ["--threshold", "0"]]
)
def test_options_that_make_no_sense_are_refused(host: StorageHost, words: list[str]):
    with pytest.raises(SystemExit):
        watch_service.run(words, host)

    assert host.ran == []


def test_the_program_of_a_host_has_the_word(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        command.main(["storage-watch", "--help"])

    assert ended.value.code == 0
    assert "--textfile" in capsys.readouterr().out
