from __future__ import annotations

import pytest

from wharfinger.maintenance.fleet.limits import Amount, InvalidLimit, Limits


@pytest.mark.parametrize(
    ("text", "whole", "at_once"),
    [
        ("1", 10, 1),
        ("3", 10, 3),
        ("30", 10, 30),
        ("10%", 10, 1),
        ("10%", 39, 3),
        ("10%", 3, 1),
        ("1%", 1, 1),
        ("50%", 0, 1),
        ("100%", 7, 7),
        (" 25% ", 100, 25),
    ],
)
def test_an_amount_is_a_number_or_a_part_of_the_whole_rounded_down(
    text: str, whole: int, at_once: int
):
    assert Amount.parse(text).of(whole) == at_once


@pytest.mark.parametrize("text", ["1", "12", "1%", "100%"])
def test_an_amount_is_written_as_it_was_read(text: str):
    assert str(Amount.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "0", "0%", "101%", "-1", "1.5", "1 %", "%", "two", "1%%", "1\n2", "٣"]
)
def test_what_is_no_amount_is_refused_with_what_to_write(text: str):
    with pytest.raises(InvalidLimit) as refused:
        Amount.parse(text)
    assert refused.value.remedy


def test_limits_are_one_node_at_a_time_without_canaries_unless_said():
    limits = Limits()

    assert limits.max_unavailable.of(5000) == 1
    assert (limits.per, limits.canary) == ("", 0)
    with pytest.raises(InvalidLimit):
        Limits(canary=-1)
