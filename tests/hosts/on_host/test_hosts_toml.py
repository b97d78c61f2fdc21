"""What a hosts.toml says of trust is read; what is no TOML of that kind is refused."""

from __future__ import annotations

import pytest

from wharfinger.hosts.on_host import hosts_toml
from wharfinger.hosts.on_host.hosts_toml import Host

FULL = """
# made by hand
server = "https://registry.test"   # the server
ca = "/etc/ca.crt"
override_path = false

[host."https://mirror.test:5000"]
  capabilities = ["pull", "resolve"]
  ca = ["a.crt",
        'b.crt', # the old one
  ]
  client = [["one.cert", "one.key"], ["two.pem", ""]]
  dial_timeout = 1.5

[host."https://mirror.test:5000".header]
  x-custom = ["a = [1]", "b"]
  ca = "not this"

[host.'http://plain.test']
skip_verify = true
client = "both.pem"
"""


def test_hosts_are_read_in_order_and_the_server_last():
    assert hosts_toml.read(FULL) == [
        Host(
            "https://mirror.test:5000",
            ["a.crt", "b.crt"],
            [("one.cert", "one.key"), ("two.pem", "two.pem")],
        ),
        Host("http://plain.test", [], [("both.pem", "both.pem")], True),
        Host("https://registry.test", ["/etc/ca.crt"]),
    ]


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "\r\n", "capabilities = ['pull']"])
def test_without_a_server_the_url_is_empty(text):
    assert hosts_toml.read(text) == [Host("")]


def test_other_values_are_passed_over():
    text = (
        'number = -1_0.5e+3\ndate = 2026-01-01T00:00:00Z\ninline = { a = "b", c = [1] }\nca = "x"'
    )

    assert hosts_toml.read(text) == [Host("", ["x"])]


def test_escapes_are_undone():
    assert hosts_toml.read('ca = "a\\\\b\\"c"\n') == [Host("", ['a\\b"c'])]
    assert hosts_toml.read("ca = 'a\\b'\n") == [Host("", ["a\\b"])]


@pytest.mark.parametrize(
    "text",
    [
        'ca = "open',
        "ca = [",
        "ca =",
        "= 1",
        "ca",
        "[host",
        "[]",
        "ca = !",
        "ca = " + "[" * 100_000,
        "client = [['a','b','c']]",
        "client = [[]]",
        "\x00",
    ],
)
def test_what_is_no_toml_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        hosts_toml.read(text)
