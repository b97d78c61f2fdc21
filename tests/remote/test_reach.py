"""Which addresses may be connected to, however they are written."""

from ipaddress import ip_network

import pytest

from wharfinger.oci.registry_host import InvalidRegistry
from wharfinger.remote import origin
from wharfinger.remote.reach import Reach

PUBLIC = [
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.0.7",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "::",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::127.0.0.1",
    "::a00:1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "100::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_reached(address):
    assert Reach.outside().allows(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_is_reached_only_by_a_listed_name(address):
    assert not Reach.outside().allows(address)
    assert Reach.outside().allows(address, listed=True)


@pytest.mark.parametrize("address", NEVER)
def test_the_rest_is_reached_by_no_name(address):
    assert not Reach.outside().allows(address)
    assert not Reach.outside().allows(address, listed=True)


@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE, *NEVER])
def test_a_person_reaches_what_they_name(address):
    assert Reach.everywhere().allows(address)


def test_a_listed_network_is_reached_and_its_neighbours_are_not():
    reach = Reach.outside([ip_network("10.1.0.0/16"), ip_network("169.254.1.0/24")])

    assert reach.allows("10.1.255.1")
    assert reach.allows("::ffff:10.1.0.1")
    assert reach.allows("169.254.1.7")
    assert not reach.allows("10.2.0.1")
    assert not reach.allows("64:ff9b::a01:1")
    assert not reach.allows("169.254.169.254")


@pytest.mark.parametrize(
    ("listed", "url", "expected"),
    [
        ("hub.test", "https://hub.test/", True),
        ("hub.test", "http://hub.test/", True),
        ("HUB.test", "https://hub.test/", True),
        ("hub.test", "https://hub.test:5000/", False),
        ("hub.test:5000", "https://hub.test:5000/", True),
        ("hub.test:5000", "https://hub.test/", False),
        ("hub.test", "https://evil-hub.test/", False),
        ("hub.test", "https://hub.test.evil.test/", False),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/", True),
        ("[::1]:5000", "http://[0:0::1]:5000/", True),
    ],
)
def test_a_name_is_listed_with_its_port(listed, url, expected):
    assert Reach.outside(hosts=[listed]).lists(origin.parse(url)[0]) is expected


def test_what_is_listed_is_a_registry():
    with pytest.raises(InvalidRegistry):
        Reach.outside(hosts=["*.test"])
