from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
PORTS = st.none() | st.integers(1, 65535)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("quay.io", "quay.io", None),
        ("localhost:5000", "localhost", 5000),
        ("QUAY.IO", "quay.io", None),
        ("10.0.0.1:5000", "10.0.0.1", 5000),
        ("[::1]:5000", "[::1]", 5000),
        ("[0:0:0:0:0:0:0:1]", "[::1]", None),
    ],
)
def test_a_registry_is_read_in_its_parts(text, host, port):
    assert RegistryHost.parse(text) == RegistryHost(host, port)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("https://quay.io", "it has a scheme"),
        ("quay.io/team", "it has a path"),
        ("../quay.io", "it has a path"),
        ("..", "a host name has letters"),
        ("::1", "an IPv6 address stands in brackets"),
        ("[::x]", "a host name has letters"),
        ("[1:2]", "no IPv6 address"),
        ("quay.io:0", "from 1 to 65535"),
        ("quay.io:65536", "from 1 to 65535"),
        ("ann@quay.io", "a host name has letters"),
        ("quay.io.", "a host name has letters"),
        ("quay.io\n", "a host name has letters"),
        ("quay%2eio", "a host name has letters"),
        ("quäy.io", "a host name has letters"),
        ("a" * 64 + ".io", "a host name has letters"),
        (".".join(["a" * 60] * 5), "a host name has"),
    ],
)
def test_what_is_no_registry_is_refused_with_its_reason(text, reason):
    with pytest.raises(InvalidRegistry, match=reason):
        RegistryHost.parse(text)


@given(st.lists(LABELS, min_size=1, max_size=4), PORTS)
def test_a_registry_prints_as_it_is_read(labels, port):
    registry = RegistryHost(".".join(labels), port)

    assert RegistryHost.parse(str(registry)) == registry


@given(st.text(max_size=40))
def test_what_is_accepted_is_safe_as_the_name_of_a_directory(text):
    try:
        name = str(RegistryHost.parse(text))
    except InvalidRegistry:
        return
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0 \n%")


def test_only_addresses_are_addresses():
    assert RegistryHost.parse("[::1]:5000").is_address
    assert RegistryHost.parse("10.0.0.1").is_address
    assert not RegistryHost.parse("localhost").is_address
    assert RegistryHost.parse("[::1]").address == "::1"
