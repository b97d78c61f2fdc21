"""Amounts are numbers from zero on, or percentages."""

import pytest

from wharfinger.cluster.kinds.workloads import numbers


@pytest.mark.parametrize("value", [None, 0, 3, "0%", "100%", "250%"])
def test_amounts(value):
    assert list(numbers.amount(value, "a")) == []


@pytest.mark.parametrize("value", [-1, "", "5", "5 %", "-5%", "%", "٣%"])
def test_what_is_no_amount(value):
    assert len(list(numbers.amount(value, "a"))) == 1


@pytest.mark.parametrize(
    ("value", "zero"),
    [(None, True), (0, True), ("0%", True), ("00%", True), ("1", True), (1, False), ("1%", False)],
)
def test_nothing_at_all(value, zero):
    assert numbers.is_zero(value) is zero


def test_a_part_is_not_more_than_all():
    assert list(numbers.part("100%", "a")) == []
    assert list(numbers.part(500, "a")) == []
    assert len(list(numbers.part("101%", "a"))) == 1
    assert len(list(numbers.part("9" * 5000 + "%", "a"))) == 1
