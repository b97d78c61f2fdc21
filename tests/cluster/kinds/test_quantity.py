"""Amounts are read exactly and written in one way."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster.kinds import quantity

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
TEXTS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.integers(0, 10**6),
    st.sampled_from(["", ".", ".5", ".125", ".000001"]),
    st.sampled_from([*SUFFIXES, "e3", "E-2", "e+1", "e0"]),
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1", "1"),
        (1, "1"),
        (0.5, "500m"),
        ("0.1", "100m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("100Ki", "100Ki"),
        ("0.5Ki", "512"),
        ("1Ki", "1Ki"),
        ("1000Ki", "1000Ki"),
        ("0.5Mi", "512Ki"),
        ("1500", "1500"),
        ("2000", "2k"),
        ("1e3", "1e3"),
        ("1E3", "1e3"),
        ("12e4", "120e3"),
        ("1E", "1E"),
        ("0Gi", "0"),
        ("-1500m", "-1500m"),
        ("+1.", "1"),
        (".5", "500m"),
        ("0.0000000001", "1n"),
        ("10000E", "9223372036854775807"),
        ("0.3Ki", "307200m"),
    ],
)
def test_an_amount_has_one_form(value, written):
    assert quantity.error(value) is None
    assert quantity.canonical(value) == written


@pytest.mark.parametrize(
    "value", ["", "a", "1 Gi", "1gi", "1KI", "1e", "--1", "1.2.3", "1" * 200, True, [], {}, "٣"]
)
def test_what_is_no_amount_is_refused_in_the_words_of_kubernetes(value):
    assert quantity.error(value) == (
        "quantities must match the regular expression "
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )


def test_amounts_in_different_units_compare():
    assert quantity.amount("1Gi") == quantity.amount("1024Mi") == 1 << 30
    assert quantity.amount("500m") == Fraction(1, 2)
    assert quantity.amount("1G") < quantity.amount("1Gi")


@given(TEXTS)
def test_writing_an_amount_changes_it_by_no_more_than_its_rounding(text):
    written = quantity.canonical(text)

    assert quantity.error(written) is None
    assert quantity.amount(written) == quantity.amount(text)
    assert quantity.canonical(written) == written


@given(st.text(max_size=12) | st.floats() | st.integers())
def test_any_value_is_read_or_refused(value):
    if quantity.error(value) is None:
        assert quantity.amount(quantity.canonical(value)) == quantity.amount(value)
