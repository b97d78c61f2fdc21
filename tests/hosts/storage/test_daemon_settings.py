"""What is written so that Docker uses another driver; all else stays to the byte."""

from __future__ import annotations

import hashlib

import pytest

from wharfinger.hosts.formats.source import CannotEdit, UnreadableFile
from wharfinger.hosts.on_host.storage.facts import Engine
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage import daemon_settings

JSON = "/etc/docker/daemon.json"
SYSCONFIG = "/etc/sysconfig/docker-storage"
POOL = "/dev/mapper/docker-docker--pool"


def engine(told_by: str = "", **texts: str) -> Engine:
    named = {"json": JSON, "sysconfig": SYSCONFIG}
    return Engine(
        "docker",
        "20.10.24",
        "/var/lib/docker",
        told_by=told_by,
        texts={named[name]: text for name, text in texts.items()},
    )


def written(found: Engine, driver: Driver, pool: str | None = None) -> dict[str, str]:
    told = daemon_settings.steps(found, driver, pool)
    for step in told:
        was = found.texts.get(step.path)
        assert step.expect == (was and f"sha256:{hashlib.sha256(was.encode()).hexdigest()}")
    return {step.path: step.content for step in told}


def test_a_file_is_made_where_nothing_says_the_driver() -> None:
    assert written(engine(), Driver.OVERLAY2) == {JSON: '{\n    "storage-driver": "overlay2"\n}\n'}


def test_a_file_that_says_so_already_is_left_alone() -> None:
    assert written(engine(JSON, json='{"storage-driver":"overlay2"}'), Driver.OVERLAY2) == {}


def test_options_of_the_driver_go_with_it_and_all_else_stays() -> None:
    text = (
        '{\n  "log-level": "warn",\n  "storage-driver": "devicemapper",\n'
        '  "storage-opts": ["dm.fs=xfs", "size=10G", "dm.thinpooldev=/dev/mapper/a"],\n'
        '  "live-restore": false\n}\n'
    )

    assert written(engine(JSON, json=text), Driver.OVERLAY2) == {
        JSON: '{\n  "log-level": "warn",\n  "storage-driver": "overlay2",\n'
        '  "storage-opts": ["size=10G"],\n  "live-restore": false\n}\n'
    }


def test_a_pool_is_named_with_its_options() -> None:
    found = written(engine(JSON, json='{"storage-driver": "overlay2"}'), Driver.DEVICEMAPPER, POOL)

    assert found == {
        JSON: '{"storage-driver": "devicemapper", "storage-opts": ["dm.fs=xfs",'
        f' "dm.thinpooldev={POOL}", "dm.use_deferred_removal=true",'
        ' "dm.use_deferred_deletion=true"]}'
    }


def test_the_store_of_containerd_is_a_feature_and_back() -> None:
    before = '{\n    "storage-driver": "overlay2"\n}\n'
    (content,) = written(engine(JSON, json=before), Driver.CONTAINERD).values()
    assert content == '{\n    "features": {\n        "containerd-snapshotter": true\n    }\n}\n'

    (content,) = written(engine(JSON, json=content), Driver.OVERLAY2).values()
    assert '"containerd-snapshotter": false' in content
    assert '"storage-driver": "overlay2"' in content


def test_the_variable_of_docker_storage_setup_is_edited_in_its_line() -> None:
    text = (
        "# written by hand\n"
        'DOCKER_STORAGE_OPTIONS="--storage-driver devicemapper --storage-opt dm.fs=xfs'
        ' --storage-opt size=10G"\n'
    )

    assert written(engine(SYSCONFIG, sysconfig=text), Driver.OVERLAY2) == {
        SYSCONFIG: "# written by hand\n"
        "DOCKER_STORAGE_OPTIONS='--storage-driver overlay2 --storage-opt size=10G'\n"
    }


def test_a_short_flag_is_replaced_too() -> None:
    text = "OPTIONS='-s devicemapper --debug'\n"

    assert written(engine(SYSCONFIG, sysconfig=text), Driver.OVERLAY2) == {
        SYSCONFIG: "OPTIONS='--debug --storage-driver overlay2'\n"
    }


def test_a_variable_cannot_name_a_feature_so_both_files_change() -> None:
    text = "DOCKER_STORAGE_OPTIONS='--storage-driver overlay2'\n"

    found = written(engine(SYSCONFIG, sysconfig=text, json="{}"), Driver.CONTAINERD)

    assert found[SYSCONFIG] == "DOCKER_STORAGE_OPTIONS=''\n"
    assert '"containerd-snapshotter": true' in found[JSON]


@pytest.mark.parametrize(
    ("told_by", "texts", "known"),
    [
        ("", {}, True),
        (JSON, {"json": "{}"}, True),
        (SYSCONFIG, {"sysconfig": "OPTIONS='-s overlay2'\n"}, True),
        (SYSCONFIG, {"sysconfig": "EXTRA='-s overlay2'\n"}, False),
        (SYSCONFIG, {}, False),
        ("command line", {}, False),
    ],
)
def test_where_the_driver_can_be_said(told_by: str, texts: dict[str, str], known: bool) -> None:
    assert daemon_settings.can_tell(engine(told_by, **texts)) is known


def test_what_is_no_json_is_not_edited() -> None:
    with pytest.raises(UnreadableFile):
        daemon_settings.steps(engine(JSON, json="{no"), Driver.OVERLAY2, None)
    with pytest.raises(CannotEdit):
        daemon_settings.steps(engine(JSON, json="[]"), Driver.OVERLAY2, None)
