"""Each key: where its value comes from, what it means, what is refused."""

import pytest

from wharfinger.hosts.setup import keys
from wharfinger.hosts.setup.errors import InvalidSetting, PoolNotNamed
from wharfinger.hosts.setup.keys import Pool, RootVolume, Settings
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.site.storage import AutoExtend

SHARE = Size(percent=40, of="FREE")


def read(*, compat: bool = True, **said: str) -> Settings:
    return keys.read(keys.merged({}, {}, said, compat=compat), compat=compat)


def test_nothing_said_is_devicemapper_on_the_pool_that_docker_has():
    pool = Pool("docker-pool", SHARE, 2 << 30, None, 512 << 10, AutoExtend(60, 20))

    assert read() == Settings(
        "devicemapper", wait=60, pool_name="docker-pool", pool=pool, auto_extend="yes"
    )


def test_a_named_configuration_has_to_name_its_pool():
    with pytest.raises(PoolNotNamed) as refused:
        read(compat=False)

    text = "CONTAINER_THINPOOL must be defined for the devicemapper storage driver."
    assert str(refused.value) == text
    assert read(compat=False, CONTAINER_THINPOOL="mine").pool_name == "mine"
    assert read(compat=False, STORAGE_DRIVER="overlay2").pool is None


def test_a_later_source_counts_over_an_earlier_one():
    environment = {"VG": "env", "DEVS": "/dev/env", "DATA_SIZE": "1%VG", "PATH": "/bin"}
    defaults = {"DATA_SIZE": "2%VG", "CONTAINER_THINPOOL": "other"}
    said = {"VG": "said"}

    values = keys.merged(environment, defaults, said, compat=True)

    assert (values["VG"], values["DEVS"], values["DATA_SIZE"]) == ("said", "/dev/env", "2%VG")
    assert values["CONTAINER_THINPOOL"] == "docker-pool"
    assert "PATH" not in values
    assert keys.merged(environment, {}, {}, compat=True)["DATA_SIZE"] == "40%FREE"


def test_every_key_is_taken():
    settings = read(
        STORAGE_DRIVER="devicemapper",
        DEVS=" /dev/vdb  /dev/vdc ",
        VG="docker",
        CONTAINER_THINPOOL="pool",
        DATA_SIZE="60%VG",
        MIN_DATA_SIZE="",
        POOL_META_SIZE="16M",
        CHUNK_SIZE="",
        AUTO_EXTEND_POOL="yes",
        POOL_AUTOEXTEND_THRESHOLD="70",
        POOL_AUTOEXTEND_PERCENT="30",
        GROWPART="true",
        ROOT_SIZE="+1G",
        DEVICE_WAIT_TIMEOUT="",
        WIPE_SIGNATURES="true",
        CONTAINER_ROOT_LV_NAME="root",
        CONTAINER_ROOT_LV_MOUNT_PATH="/var/lib/containers",
        CONTAINER_ROOT_LV_SIZE="5G",
        EXTRA_STORAGE_OPTIONS="--storage-opt dm.fs=ext4",
        DOCKER_ROOT_VOLUME="",
        DOCKER_ROOT_VOLUME_SIZE="7G",
    )

    assert settings.devices == ("/dev/vdb", "/dev/vdc")
    assert (settings.group, settings.wipe, settings.wait) == ("docker", True, 0)
    assert settings.pool == Pool(
        "pool", Size(percent=60, of="VG"), 0, 16 << 20, None, AutoExtend(70, 30)
    )
    assert settings.root == RootVolume("root", "/var/lib/containers", Size(amount=5 << 30))
    assert (settings.grow_partition, settings.root_size is not None) == (True, True)
    assert (settings.extra, settings.docker_root) == ("--storage-opt dm.fs=ext4", None)
    assert settings.notes == ()


@pytest.mark.parametrize(
    "said",
    [
        {"STORAGE_DRIVER": "btrfs"},
        {"DATA_SIZE": ""},
        {"DATA_SIZE": "2.5G"},
        {"MIN_DATA_SIZE": "40%FREE"},
        {"POOL_META_SIZE": "much"},
        {"CHUNK_SIZE": "100K"},
        {"POOL_AUTOEXTEND_THRESHOLD": ""},
        {"POOL_AUTOEXTEND_THRESHOLD": "101"},
        {"POOL_AUTOEXTEND_PERCENT": "0"},
        {"ROOT_SIZE": "-1G"},
        {"DEVICE_WAIT_TIMEOUT": "soon"},
        {"VG": "a b"},
        {"VG": "-a"},
        {"CONTAINER_THINPOOL": "a/b"},
        {"CONTAINER_ROOT_LV_NAME": "root"},
        {"CONTAINER_ROOT_LV_MOUNT_PATH": "/var/lib/containers"},
        {"CONTAINER_ROOT_LV_NAME": "root", "CONTAINER_ROOT_LV_MOUNT_PATH": "var"},
        {"EXTRA_STORAGE_OPTIONS": "a", "EXTRA_DOCKER_STORAGE_OPTIONS": "b"},
        {"EXTRA_STORAGE_OPTIONS": '"; rm -rf /"'},
        {"EXTRA_STORAGE_OPTIONS": "a\nb"},
        {
            "DOCKER_ROOT_VOLUME": "yes",
            "CONTAINER_ROOT_LV_NAME": "root",
            "CONTAINER_ROOT_LV_MOUNT_PATH": "/var/lib/containers",
        },
        {"DOCKER_ROOT_VOLUME": "yes", "DOCKER_ROOT_VOLUME_SIZE": "some"},
    ],
    ids=str,
)
def test_what_does_not_make_sense_is_refused(said: dict[str, str]):
    with pytest.raises(InvalidSetting):
        read(**said)


def test_a_key_that_is_not_used_is_not_looked_at():
    read(STORAGE_DRIVER="overlay2", DATA_SIZE="2.5G", CHUNK_SIZE="100K")
    read(AUTO_EXTEND_POOL="no", POOL_AUTOEXTEND_THRESHOLD="")
    assert read(AUTO_EXTEND_POOL="true").pool.auto_extend is None
    assert read(STORAGE_DRIVER="").driver == ""


def test_the_older_name_of_the_extra_options_is_taken_and_told():
    settings = read(EXTRA_DOCKER_STORAGE_OPTIONS="--x")

    assert settings.extra == "--x"
    assert len(settings.notes) == 1


def test_dockers_own_volume_is_for_compat_mode_only():
    assert read(DOCKER_ROOT_VOLUME="yes").docker_root == SHARE
    assert read(DOCKER_ROOT_VOLUME="no").docker_root is None
    with pytest.raises(InvalidSetting):
        read(compat=False, CONTAINER_THINPOOL="p", DOCKER_ROOT_VOLUME="yes")


def test_a_key_that_nobody_knows_is_told():
    assert "DATASIZE" in read(DATASIZE="1G").notes[0]


def test_taking_away_does_not_ask_what_should_be_made():
    said = {"STORAGE_DRIVER": "btrfs", "DATA_SIZE": "rubbish", "VG": "docker"}

    settings = keys.read_for_removal(keys.merged({}, {}, said, compat=True))

    assert (settings.driver, settings.group, settings.pool_name) == ("", "docker", "docker-pool")
