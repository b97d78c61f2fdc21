import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.adopt import storage_setup
from wharfinger.hosts.site import file
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.site.storage import AutoExtend, Driver, RootVolume, Storage, ThinPool

DOCKER = "/etc/sysconfig/docker-storage-setup"
CONTAINER = "/etc/sysconfig/container-storage-setup"


def read(text: str, path: str = DOCKER):
    said = storage_setup.said(text.encode(), path)
    return said.later.get("storage"), [str(note) for note in said.notes]


def parsed(room) -> Storage | None:
    return file.parse(json.dumps({"storage": room}).encode()).storage


def test_a_file_of_the_guide_becomes_the_room():
    room, notes = read('DEVS="/dev/vdb vdc"\nVG=docker-vg\n')

    assert room == {
        "driver": "devicemapper",
        "volumeGroup": "docker-vg",
        "devices": ["/dev/vdb", "/dev/vdc"],
        "thinPool": {
            "name": "docker-pool",
            "dataSize": "40%FREE",
            "chunkSize": "512K",
            "autoExtend": {"threshold": 60, "percent": 20},
        },
    }
    assert notes == []


def test_the_move_to_overlay2_of_the_guide_becomes_the_room():
    room, notes = read(
        "STORAGE_DRIVER=overlay2\nDEVS=/dev/vdb\nCONTAINER_ROOT_LV_NAME=dockerlv\n"
        "CONTAINER_ROOT_LV_MOUNT_PATH=/var/lib/docker\nCONTAINER_ROOT_LV_SIZE=100%FREE\n"
        "VG=dockervg\nDATA_SIZE=40%FREE\n"
    )

    assert room == {
        "driver": "overlay2",
        "volumeGroup": "dockervg",
        "devices": ["/dev/vdb"],
        "rootVolume": {"name": "dockerlv", "mountPath": "/var/lib/docker", "size": "100%FREE"},
    }
    assert notes == []


def test_all_keys_have_their_place():
    room, notes = read(
        "STORAGE_DRIVER=devicemapper\nDEVS=/dev/vdb\nVG=d\nCONTAINER_THINPOOL=pool\nDATA_SIZE=10\n"
        "POOL_META_SIZE=16M\nCHUNK_SIZE=256\nPOOL_AUTOEXTEND_THRESHOLD=70\n"
        "POOL_AUTOEXTEND_PERCENT=30\nWIPE_SIGNATURES=true\nDOCKER_ROOT_VOLUME=yes\n"
    )

    storage = parsed(room)
    assert storage == Storage(
        Driver.DEVICEMAPPER,
        ("/dev/vdb",),
        "d",
        ThinPool(
            "pool",
            Size(amount=10 << 20),
            Size(amount=16 << 20),
            Size(amount=256 << 10),
            AutoExtend(70, 30),
        ),
        RootVolume("docker-root-lv", "/var/lib/docker"),
        wipe_signatures=True,
    )
    assert notes == []


@pytest.mark.parametrize(
    ("text", "auto_extend"),
    [
        ("AUTO_EXTEND_POOL=no", False),
        ("AUTO_EXTEND_POOL=true", False),
        ("POOL_AUTOEXTEND_THRESHOLD=100", False),
        ("POOL_AUTOEXTEND_PERCENT=50", {"threshold": 60, "percent": 50}),
    ],
)
def test_a_pool_grows_by_itself_as_it_would_there(text, auto_extend):
    room, _ = read(f"VG=d\n{text}\n")

    assert room["thinPool"]["autoExtend"] == auto_extend


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("EXTRA_STORAGE_OPTIONS='--storage-opt dm.fs=ext4'", 2, "options of the driver stay"),
        ("MIN_DATA_SIZE=4G", 2, "for which a site file has no place"),
        ("ROOT_SIZE=+10G", 2, "not ours to grow"),
        ("DEVICE_WAIT_TIMEOUT=5", 2, "waits for no device"),
        ("GROWPART=true", 2, "those of volumeGroup in a site file"),
        ("STORAGE_DRIVER=overlay", 2, "overlay2 has taken its place"),
        ("STORAGE_DRIVER=btrfs", 2, "the driver 'btrfs'"),
        ("DATA_SIZE=40%PVS", 2, "left out of storage.thinPool.dataSize"),
        ("CHUNK_SIZE=100K", 2, "left out of storage.thinPool.chunkSize"),
        ("POOL_AUTOEXTEND_THRESHOLD=30", 2, "is not from 50 to 100: 60 is taken"),
        ("CONTAINER_ROOT_LV_NAME=a", 2, "need each other"),
        ("CONTAINER_ROOT_LV_NAME=a\nCONTAINER_ROOT_LV_MOUNT_PATH=/", 2, "would hide"),
        ("DEVS='a;b'", 2, "left out of storage.devices"),
        ("SETUP_LVM_THIN_POOL=yes", 2, "is no key of docker-storage-setup"),
        ("VG=$(hostname)", 2, "cannot read it"),
    ],
)
def test_what_has_no_place_is_said_with_its_line(text, line, why):
    _, notes = read(f"VG=d\n{text}\n")

    assert (
        len([note for note in notes if note.startswith(f"{DOCKER}:{line}: ") and why in note]) == 1
    )


def test_without_a_group_it_says_what_a_site_file_has_to_name():
    room, notes = read("STORAGE_DRIVER=overlay2\nDEVS=vdb\n")

    assert room == {"driver": "overlay2"}
    assert "devices, since VG names no group" in notes[0]


def test_devicemapper_is_nothing_without_its_pool():
    room, notes = read("VG=d\n", CONTAINER)

    assert room == {"volumeGroup": "d"}
    assert any("since its pool is not said" in note for note in notes)


def test_an_empty_driver_sets_nothing_up():
    assert read("STORAGE_DRIVER=\n") == (None, [])


def test_what_cannot_hold_together_is_left_out_as_a_whole():
    room, notes = read("VG=d\nDOCKER_ROOT_VOLUME=yes\nCONTAINER_THINPOOL=docker-root-lv\n")

    assert room is None
    assert "thinPool has that name" in notes[0]


def test_a_host_with_both_files_says_where_they_differ(adopt):
    made, notes = adopt(
        {DOCKER: "VG=d\nDEVS=vdb\n", CONTAINER: "STORAGE_DRIVER=overlay2\nVG=other\n"}
    )

    assert made.document["storage"]["volumeGroup"] == "d"
    assert notes == [
        f"{CONTAINER}: its storage is left out: another source has said something else before"
    ]


KEYS = sorted(storage_setup.KEYS)
VALUES = ["", "yes", "true", "40%FREE", "95%VG", "10G", "512K", "0", "sdb", "/dev/sdb", "a-b", "/a"]


@given(
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.sampled_from([DOCKER, CONTAINER]),
)
def test_whatever_a_file_says_the_room_is_one_of_a_site_file(values, path):
    text = "".join(f"{key}='{value}'\n" for key, value in values.items())

    room, _ = read(text, path)

    assert parsed(room or {}) is not None
