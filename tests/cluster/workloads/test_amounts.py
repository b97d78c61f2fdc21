from __future__ import annotations

import pytest

from wharfinger.cluster.workloads import amounts


@pytest.mark.parametrize(
    ("value", "up", "number"),
    [
        (2, True, 2),
        (0, True, 0),
        ("25%", True, 2),
        ("25%", False, 1),
        ("100%", False, 7),
        ("0%", True, 0),
        (None, True, 0),
        (True, True, 0),
        ("many", True, 0),
        ("-1%", True, 0),
        ("9999999999%", True, 0),
    ],
)
def test_a_part_is_rounded_as_its_user_says(value: object, up: bool, number: int):
    assert amounts.resolve(value, 7, up=up) == number
