import base64

import pytest

from wharfinger.cluster import dockercfg


@pytest.mark.parametrize(
    ("host", "spelled"),
    [
        ("registry.test:5000", ["registry.test:5000"]),
        ("registry.test:443", ["registry.test:443", "registry.test"]),
        ("registry.test:80", ["registry.test:80", "registry.test"]),
        ("registry.test", ["registry.test"]),
        ("127.0.0.1:5000", ["127.0.0.1:5000"]),
        ("[::1]:5000", []),
        ("::1", []),
        ("[::ffff:192.0.2.1]:443", ["192.0.2.1:443", "192.0.2.1"]),
    ],
)
def test_an_address_is_spelled_in_each_way_that_clients_write_it(host, spelled):
    assert dockercfg.addresses([host, host]) == spelled


def test_the_login_stands_in_each_of_its_forms():
    config = dockercfg.render(["registry.test"], "tok")

    assert base64.b64decode(config["registry.test"]["auth"]) == b"serviceaccount:tok"
    assert config["registry.test"]["password"] == "tok"


@pytest.mark.parametrize("data", ["", "!", "e30=", "W10=", "bnVsbA==", "eyJhIjoxfQ=="])
def test_a_secret_without_a_login_has_no_token(data):
    assert dockercfg.token({"metadata": {}, "data": {dockercfg.KEY: data}}) is None


def test_a_secret_nested_beyond_reason_holds_nothing():
    deep = base64.b64encode(b"[" * 100_000).decode()

    assert dockercfg.held({"metadata": {}, "data": {dockercfg.KEY: deep}}) == {}
