"""The grammar of names of ports."""

import pytest

from wharfinger.cluster.kinds.pods.rules import common


@pytest.mark.parametrize("name", ["web", "a", "http-2", "1a", "abcdefghijklmno"])
def test_a_name_of_a_port_passes(name):
    assert common.port_name(name) == []


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("abcdefghijklmnop", "must be no more than 15 characters"),
        ("a_b", "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        ("80", "must contain at least one letter (a-z)"),
        ("a--b", "must not contain consecutive hyphens"),
        ("-a", "must not begin or end with a hyphen"),
        ("a-", "must not begin or end with a hyphen"),
    ],
)
def test_a_name_of_a_port_is_refused(name, error):
    assert common.port_name(name) == [error]


def test_a_value_comes_once_and_an_empty_one_is_told_elsewhere():
    found = list(common.unique([("a", "x"), ("b", ""), ("c", "x"), ("d", "")]))

    assert [(one.field, one.message) for one in found] == [("c", 'Duplicate value: "x"')]
