import pytest

from wharfinger.hosts.site import file
from wharfinger.hosts.site.faults import InvalidSite
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.site.storage import (
    AutoExtend,
    Driver,
    Filesystem,
    RootVolume,
    Storage,
    ThinPool,
)
from wharfinger.hosts.site.storage_grammars import mapper_name

POOL = "volumeGroup: docker, thinPool: {name: pool"
VOLUME = "volumeGroup: docker, rootVolume: {name: data, mountPath: /var/lib/docker"


def read(text: str) -> Storage | None:
    return file.parse(f"storage: {{{text}}}".encode()).storage


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSite) as caught:
        read(text)
    return caught.value.details


def test_a_room_becomes_values():
    storage = file.parse(b"""\
storage:
  driver: devicemapper
  devices: [/dev/sdb, '/dev/disk/by-id/virtio-*']
  volumeGroup: docker
  thinPool:
    name: docker-pool
    dataSize: 95%VG
    metadataSize: 1G
    chunkSize: 256K
    autoExtend: {threshold: 70}
  rootVolume: {name: data, mountPath: /var/lib/containers, size: 10G, filesystem: ext4}
  wipeSignatures: true
  growPartition: true
  archives: /srv/archives
""").storage

    assert storage == Storage(
        Driver.DEVICEMAPPER,
        ("/dev/sdb", "/dev/disk/by-id/virtio-*"),
        "docker",
        ThinPool(
            "docker-pool",
            Size(percent=95, of="VG"),
            Size(amount=1 << 30),
            Size(amount=256 << 10),
            AutoExtend(70, 20),
        ),
        RootVolume("data", "/var/lib/containers", Size(amount=10 << 30), Filesystem.EXT4),
        wipe_signatures=True,
        grow_partition=True,
        archives="/srv/archives",
    )


def test_what_is_not_said_is_as_docker_storage_setup_has_it():
    assert read(f"{POOL}}}") == Storage(
        volume_group="docker",
        thin_pool=ThinPool(
            "pool", Size(percent=40, of="FREE"), None, Size(amount=512 << 10), AutoExtend(60, 20)
        ),
    )
    assert read("") == Storage()


def test_a_pool_may_be_told_never_to_grow_by_itself():
    assert read(f"{POOL}, autoExtend: false}}") == Storage(
        volume_group="docker", thin_pool=ThinPool("pool", auto_extend=None)
    )


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("devices: [sdb], volumeGroup: a", "devices[0]", "write /dev/sdb"),
        ("devices: [/tmp/disk.img], volumeGroup: a", "devices[0]", "as a device"),
        ("devices: [/dev/../etc], volumeGroup: a", "devices[0]", "as a device"),
        ("devices: [/dev/sdb, /dev/sdb], volumeGroup: a", "devices[1]", "it is there twice"),
        ("driver: aufs", "driver", "overlay2 or devicemapper or containerd"),
        ("volumeGroup: -a", "volumeGroup", "as a name for LVM"),
        ("volumeGroup: ..", "volumeGroup", "as a name for LVM"),
        ("volumeGroup: mapper", "volumeGroup", "/dev/mapper is something else"),
        (f"{POOL}_tmeta}}", "thinPool.name", "'_tmeta' for itself"),
        ("volumeGroup: a, thinPool: {name: snapshot1}", "thinPool.name", "'snapshot' for itself"),
        ("volumeGroup: a, thinPool: {}", "thinPool", "'name': it is missing"),
        (f"{POOL}, dataSize: 140%FREE}}", "thinPool.dataSize", "as a size"),
        (f"{POOL}, metadataSize: 1%VG}}", "thinPool.metadataSize", "a share is for data only"),
        (f"{POOL}, metadataSize: 17G}}", "thinPool.metadataSize", "from 2M to 16G"),
        (f"{POOL}, chunkSize: 100K}}", "thinPool.chunkSize", "a multiple of 64K"),
        (f"{POOL}, chunkSize: 2G}}", "thinPool.chunkSize", "at most 1G"),
        (f"{POOL}, autoExtend: true}}", "thinPool.autoExtend", "it has to be a mapping"),
        (
            f"{POOL}, autoExtend: {{threshold: 100}}}}",
            "thinPool.autoExtend.threshold",
            "from 50 to 99",
        ),
        (
            f"{POOL}, autoExtend: {{percent: 1.5}}}}",
            "thinPool.autoExtend.percent",
            "a whole number",
        ),
        (f"{VOLUME}, filesystem: btrfs}}", "rootVolume.filesystem", "xfs or ext4"),
        ("archives: archives", "archives", "as a directory"),
        ("wipeSignatures: maybe", "wipeSignatures", "true or false"),
    ],
)
def test_what_the_room_cannot_say_is_a_fault_at_its_place(text, place, why):
    (told,) = faults(text)

    assert told.startswith(f"site.yaml:1: storage.{place}: ")
    assert why in told


@pytest.mark.parametrize(
    "path", ["/", "/var", "var/lib/docker", "/var//lib", "/var/./lib", "/var/"]
)
def test_a_volume_is_mounted_where_the_host_needs_nothing(path):
    (told,) = faults(f"volumeGroup: a, rootVolume: {{name: b, mountPath: '{path}'}}")

    assert "storage.rootVolume.mountPath" in told


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("thinPool: {name: a}", "thinPool", "volumeGroup is missing"),
        ("rootVolume: {name: a, mountPath: /a}", "rootVolume", "volumeGroup is missing"),
        ("devices: [/dev/sdb]", "devices", "volumeGroup is missing"),
        ("growPartition: true", "growPartition", "volumeGroup is missing"),
        ("driver: devicemapper", "driver", "thinPool is missing"),
        (f"{POOL}}}, rootVolume: {{name: pool, mountPath: /a}}", "rootVolume", "has that name"),
        (
            f"{POOL}, dataSize: 60%VG}}, rootVolume: {{name: a, mountPath: /a, size: 50%VG}}",
            "rootVolume",
            "more than the group has",
        ),
        (f"volumeGroup: {'g' * 60}, thinPool: {{name: {'p' * 61}}}", "thinPool", "is too long"),
    ],
)
def test_what_cannot_hold_together_is_a_fault_at_the_key_that_says_it(text, place, why):
    (told,) = faults(text)

    assert told.startswith(f"site.yaml:1: storage.{place}: ")
    assert why in told


def test_all_faults_are_told_at_once_and_none_that_another_brings():
    told = file_faults(
        "storage:\n  driver: devicemapper\n  devices: [sdb]\n  thinPool: {name: a_tdata}\n"
        "  rootVolume: {name: b, mountPath: rel}\n"
    )

    assert [text.partition(": cannot")[0] for text in told] == [
        "site.yaml:3: storage.devices[0]",
        "site.yaml:4: storage.thinPool.name",
        "site.yaml:5: storage.rootVolume.mountPath",
    ]


def file_faults(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSite) as caught:
        file.parse(text.encode())
    return caught.value.details


def test_a_hyphen_is_doubled_by_device_mapper():
    assert mapper_name("vg-0", "docker-pool") == "vg--0-docker--pool"
