import pytest

from wharfinger.server.addresses import Addresses, certificate_names
from wharfinger.server.settings import Listen

LOCAL = Addresses(Listen("127.0.0.1", 5000), "https", ("registry.test",))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:5000",
        "localhost:5000",
        "LOCALHOST",
        "[::1]:5000",
        "registry.test",
        "registry.test.:8443",
    ],
)
def test_a_name_of_ours_is_kept_as_the_client_wrote_it(host):
    assert LOCAL.base_for(host) == f"https://{host}"


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.test",
        "evil.test:5000",
        "registry.test.evil.test",
        "localhost@evil.test",
        "localhost:5000@evil.test",
        "localhost/evil",
        "localhost:x",
        "[::1",
        "[::1]x",
        "::1",
        "localhost\r\nx: y",
    ],
)
def test_any_other_host_gets_the_address_that_we_listen_on(host):
    assert LOCAL.base_for(host) == "https://127.0.0.1:5000"


def test_a_listener_on_all_addresses_is_named_by_its_first_name():
    everywhere = Addresses(Listen("0.0.0.0", 5000), "https", ("registry.test",))

    assert everywhere.base == "https://registry.test:5000"
    assert everywhere.local == "https://127.0.0.1:5000"
    assert everywhere.registry == "registry.test:5000"


def test_images_are_named_by_a_port_even_if_it_is_the_usual_one():
    usual = Addresses(Listen("0.0.0.0", 443), "https", ("registry.test",))

    assert usual.base == "https://registry.test"
    assert usual.registry == "registry.test:443"
    assert usual.registry in usual.hosts
    assert LOCAL.registry == "127.0.0.1:5000"


def test_the_addresses_of_the_machine_are_known_and_handed_out_to_nobody():
    everywhere = Addresses(Listen("0.0.0.0", 5000), "https", (), ("192.0.2.7",))

    assert everywhere.base_for("192.0.2.7:5000") == "https://192.0.2.7:5000"
    assert "192.0.2.7:5000" not in everywhere.hosts
    assert "192.0.2.7" in certificate_names(everywhere, ())


def test_the_default_port_is_left_out_of_urls_and_kept_in_image_names():
    plain = Addresses(Listen("192.0.2.1", 443), "https")

    assert plain.base == "https://192.0.2.1"
    assert plain.hosts == ("192.0.2.1:443",)


def test_an_ipv6_listener_gets_brackets():
    assert Addresses(Listen("::1", 5000), "http").base == "http://[::1]:5000"


def test_the_certificate_carries_the_listener_loopback_and_all_names_once():
    names = certificate_names(LOCAL, ("machine.test", "registry.test"))

    assert names == ("127.0.0.1", "::1", "localhost", "registry.test", "machine.test")
