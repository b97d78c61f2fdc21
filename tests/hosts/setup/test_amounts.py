"""Sizes in the peer's forms, and those that it finds out about too late."""

import pytest

from wharfinger.hosts.setup import amounts
from wharfinger.hosts.setup.amounts import RootSize
from wharfinger.hosts.setup.errors import InvalidSetting
from wharfinger.hosts.site.sizes import Size

MIB = 1 << 20


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("40%FREE", Size(percent=40, of="FREE")),
        ("60%VG", Size(percent=60, of="VG")),
        ("100", Size(amount=100 * MIB)),
        ("10G", Size(amount=10 << 30)),
        ("10g", Size(amount=10 << 30)),
        ("10GB", Size(amount=10 << 30)),
        ("10GiB", Size(amount=10 << 30)),
        ("512s", Size(amount=512 * 512)),
        ("1048576b", Size(amount=MIB)),
        ("1T", Size(amount=1 << 40)),
        ("0", Size(amount=0)),
    ],
)
def test_a_data_size_is_a_share_or_a_whole_number(text: str, meant: Size):
    assert amounts.data_size("DATA_SIZE", text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2.5G",
        "40%PVS",
        "40%",
        "40%free",
        "G",
        "-1G",
        "+1G",
        "10x",
        "10bb",
        "101%FREE",
        "9" * 19 + "E",
    ],
)
def test_another_data_size_is_refused_with_its_key(text: str):
    with pytest.raises(InvalidSetting, match="DATA_SIZE"):
        amounts.data_size("DATA_SIZE", text)


@pytest.mark.parametrize(
    ("text", "meant"), [("512K", 512 << 10), ("512", 512 << 10), ("1m", MIB), ("0.5M", 512 << 10)]
)
def test_a_chunk_size_is_in_kib_without_a_unit(text: str, meant: int):
    assert amounts.chunk_size("CHUNK_SIZE", text) == meant


@pytest.mark.parametrize("text", ["100K", "32K", "2G", "0", "big", "512KB"])
def test_a_chunk_size_that_lvm_would_refuse_is_refused_before(text: str):
    with pytest.raises(InvalidSetting, match="CHUNK_SIZE"):
        amounts.chunk_size("CHUNK_SIZE", text)


def test_a_metadata_size_is_lvms():
    assert amounts.metadata_size("POOL_META_SIZE", "16") == 16 * MIB
    assert amounts.metadata_size("POOL_META_SIZE", "1.5G") == 3 << 29
    for text in ("1M", "17G", "1%VG"):
        with pytest.raises(InvalidSetting):
            amounts.metadata_size("POOL_META_SIZE", text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20G", RootSize(Size(amount=20 << 30), more=False)),
        ("+2G", RootSize(Size(amount=2 << 30), more=True)),
        ("+10%FREE", RootSize(Size(percent=10, of="FREE"), more=True)),
        ("50%VG", RootSize(Size(percent=50, of="VG"), more=False)),
        ("50%PVS", RootSize(Size(percent=50, of="VG"), more=False)),
    ],
)
def test_a_root_size_may_be_so_much_more(text: str, meant: RootSize):
    assert amounts.root_size("ROOT_SIZE", text) == meant


def test_another_root_size_is_refused():
    for text in ("-2G", "10%ORIGIN", "", "much"):
        with pytest.raises(InvalidSetting):
            amounts.root_size("ROOT_SIZE", text)
