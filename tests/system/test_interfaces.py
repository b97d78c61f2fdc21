import ipaddress

from wharfinger.system import interfaces


def test_the_addresses_of_this_machine_are_addresses_and_loopback_is_among_them():
    found = interfaces.addresses()

    assert "127.0.0.1" in found
    assert all(ipaddress.ip_address(address) for address in found)


def test_only_global_addresses_are_read_from_the_table_of_the_kernel():
    table = (
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "20010db8000000000000000000000007 02 40 00 80     eth0\n"
        "fe80000000000000505400fffe123456 02 40 20 80     eth0\n"
    )

    assert interfaces.parse_ipv6(table) == ("2001:db8::7",)
