import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.site.sizes import InvalidSize, Size, readable, spelled

amounts = st.integers(1, (1 << 63) - 1)
shares = st.builds(
    lambda percent, of: f"{percent}%{of}", st.integers(1, 100), st.sampled_from(["VG", "FREE"])
)
written = (
    st.builds(
        lambda number, unit, end: f"{number}{unit}{end}",
        st.integers(1, 4000) | st.sampled_from(["1.5", "0.25", "2.125"]),
        st.sampled_from([*"skmgtpSKMGTP"]),
        st.sampled_from(["", "b", "ib", "iB"]),
    )
    | shares
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1b", 1),
        ("1s", 512),
        ("10G", 10 << 30),
        ("1.5T", 3 << 39),
        ("512", 512 << 20),
        ("4GiB", 4 << 30),
        ("4gb", 4 << 30),
        ("4095B", 4095),
    ],
)
def test_an_amount_is_in_powers_of_1024(text, amount):
    assert Size.parse(text) == Size(amount=amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0%VG",
        "101%FREE",
        "40%PVS",
        "40%free",
        "-1G",
        "+1G",
        "1e3",
        "1 G",
        "G",
        "8E",
        "1..5G",
    ],
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(InvalidSize):
        Size.parse(text)


@given(amounts)
def test_an_amount_is_spelled_without_loss(amount):
    assert Size.parse(spelled(amount)) == Size(amount=amount)


@given(written)
def test_a_size_is_spelled_as_it_is_read(text):
    once = Size.parse(text)

    assert Size.parse(str(once)) == once
    assert str(Size.parse(str(once))) == str(once)


@given(st.text(max_size=24))
def test_any_text_is_a_size_or_refused(text):
    try:
        size = Size.parse(text)
    except InvalidSize:
        return
    assert (size.amount is None) is (size.of in ("VG", "FREE"))


@pytest.mark.parametrize(
    ("amount", "told"), [(0, "0b"), (1023, "1023b"), (3405774848, "3.2G"), (8 << 30, "8G")]
)
def test_a_person_reads_a_rounded_amount(amount, told):
    assert readable(amount) == told
