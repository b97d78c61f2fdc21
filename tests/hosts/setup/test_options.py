"""The line that engines read, byte for byte, and what is read out of it again."""

import pytest

from wharfinger.hosts.setup import options
from wharfinger.hosts.setup.errors import CannotSetUp, NotManaged
from wharfinger.hosts.setup.options import Engine

POOL = "/dev/mapper/css--vg-docker--pool"
NEW = Engine((20, 10), lets_go=True)


def test_an_overlay_driver_has_a_blank_after_it():
    line = options.line(options.COMPAT_VARIABLE, options.overlay("overlay2", ""))

    assert line == 'DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "\n'
    assert options.overlay("overlay", "--a  b") == "--storage-driver overlay --a  b"


def test_devicemapper_names_its_pool_and_defers_what_it_can():
    told = options.devicemapper(POOL, "", NEW)

    assert told == (
        "--storage-driver devicemapper --storage-opt dm.fs=xfs "
        f"--storage-opt dm.thinpooldev={POOL} "
        "--storage-opt dm.use_deferred_removal=true --storage-opt dm.use_deferred_deletion=true "
    )


@pytest.mark.parametrize(
    ("engine", "removal", "deletion"),
    [
        (Engine(), False, False),
        (Engine((1, 6), True), False, False),
        (Engine((1, 7), True), True, False),
        (Engine((1, 9), True), True, True),
        (Engine((1, 9), False), True, False),
        (Engine((20, 10), True), True, True),
    ],
)
def test_what_is_deferred_depends_on_docker_and_the_kernel(
    engine: Engine, removal: bool, deletion: bool
):
    told = options.devicemapper(POOL, "", engine)

    assert ("dm.use_deferred_removal=true" in told) is removal
    assert ("dm.use_deferred_deletion=true" in told) is deletion


def test_a_filesystem_of_ones_own_replaces_xfs_and_blanks_become_one():
    told = options.devicemapper(POOL, " --storage-opt   dm.fs=ext4 ", Engine())

    assert "dm.fs=xfs" not in told
    assert told.endswith(f"dm.thinpooldev={POOL} --storage-opt dm.fs=ext4")


@pytest.mark.parametrize(
    ("told", "driver"),
    [
        ("", ""),
        ("--storage-driver overlay2 ", "overlay2"),
        ("--storage-driver=overlay2", "overlay2"),
        ("-s zfs", "zfs"),
        ("-s overlay", "overlay"),
        (f"--storage-opt dm.thinpooldev={POOL}", "devicemapper"),
    ],
)
def test_the_driver_is_read_as_the_engine_reads_it(told: str, driver: str):
    assert options.driver(told) == driver


def test_options_without_a_driver_are_refused():
    with pytest.raises(CannotSetUp):
        options.driver("--log-level debug")


def test_the_options_are_read_out_of_the_file():
    content = '# told\nDOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "\n'

    assert options.read(content, options.COMPAT_VARIABLE) == "--storage-driver overlay2 "
    assert options.read("", options.COMPAT_VARIABLE) == ""
    assert options.read("OTHER=x\n", options.COMPAT_VARIABLE) == ""


def test_the_way_of_long_ago_is_known():
    assert options.is_loopback("--storage-opt dm.datadev=/dev/x")
    assert not options.is_loopback(f"--storage-opt dm.thinpooldev={POOL}")


@pytest.mark.parametrize(
    ("group", "pool"), [("css-vg", "docker-pool"), ("a", "b"), ("a-", "b"), ("a--b", "-c")]
)
def test_a_pool_is_found_again_by_its_path(group: str, pool: str):
    assert options.group_of(options.mapper_path(group, pool), pool) == group


@pytest.mark.parametrize(
    "path",
    [
        "/dev/css-vg/docker-pool",
        "/dev/mapper/css--vg-other",
        "/dev/mapper/docker--pool",
        "/dev/mapper/css--vg-my-docker--pool",
        "/dev/mapper/-docker--pool",
    ],
)
def test_a_pool_of_somebody_else_is_refused(path: str):
    with pytest.raises(NotManaged):
        options.group_of(path, "docker-pool")
