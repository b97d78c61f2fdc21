import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.registry.errors import InvalidContentRange
from wharfinger.server import ranges
from wharfinger.server.ranges import RangeNotSatisfiable, Span


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-4", Span(2, 5)),
        ("bytes=2-", Span(2, 10)),
        ("bytes=2-99999", Span(2, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=-99", Span(0, 10)),
        ("bytes=0-999999999999999999", Span(0, 10)),
    ],
)
def test_one_range_is_understood(header, span):
    assert ranges.requested(header, 10) == span


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=1-2,4-5",
        "bytes=0-," * 50_000,
        "items=0-1",
        "bytes=--1",
        "bytes=٠-١",
        "bytes=0-1\n",
        "bytes=" + "9" * 100_000 + "-",
    ],
)
def test_what_is_no_single_range_means_the_whole(header):
    assert ranges.requested(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_the_content_is_refused(header):
    with pytest.raises(RangeNotSatisfiable) as refused:
        ranges.requested(header, 10)

    assert refused.value.size == 10


def test_no_range_of_nothing_can_be_given():
    for header in ("bytes=0-", "bytes=-1"):
        with pytest.raises(RangeNotSatisfiable):
            ranges.requested(header, 0)


@given(st.integers(0, 50), st.integers(0, 50), st.binary(min_size=1, max_size=40))
def test_a_range_gives_what_slicing_gives(first, last, data):
    try:
        span = ranges.requested(f"bytes={first}-{last}", len(data))
    except RangeNotSatisfiable:
        assert not data[first : last + 1]
        return
    if span is None:
        assert last < first
    else:
        assert data[span.start : span.stop] == data[first : last + 1]


@given(st.text(max_size=40).map("bytes={}".format) | st.text(max_size=40), st.integers(1, 9))
def test_any_header_gives_a_span_inside_or_the_whole_or_is_refused(header, size):
    try:
        span = ranges.requested(header, size)
    except RangeNotSatisfiable:
        return
    assert span is None or 0 <= span.start < span.stop <= size


@given(st.integers(0, 10**17), st.integers(0, 10**17))
def test_a_chunk_says_where_it_belongs(start, more):
    assert ranges.of_chunk(f"{start}-{start + more}") == Span(start, start + more + 1)


@pytest.mark.parametrize("header", ["bytes 3-5/9", "bytes 3-5/*", "3-5"])
def test_the_usual_spellings_of_a_chunk_are_understood(header):
    assert ranges.of_chunk(header) == Span(3, 6)


@pytest.mark.parametrize(
    "header", ["", "-", "5", "5-", "-5", "5-4", "a-b", "0-1,2-3", "0-1\n", "0-" + "9" * 30]
)
def test_what_is_no_place_for_a_chunk_is_refused(header):
    with pytest.raises(InvalidContentRange):
        ranges.of_chunk(header)
