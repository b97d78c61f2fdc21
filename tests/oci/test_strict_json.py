import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci import strict_json
from wharfinger.oci.errors import InvalidJson

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_what_any_writer_wrote_is_read_back(value, ascii_only):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert strict_json.decode(raw) == value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "line 1"),
        (b"{} {}", "Extra data"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"b":{"layers":[],"layers":[]}}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"1e999", "too large"),
        (b"1" * 1_000_000, "64 bits"),
        (b"18446744073709551616", "64 bits"),
        (b"-9223372036854775809", "64 bits"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b'[["\\uD83D x"]]', "surrogate"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'"\x00"', "control character"),
        (b"'a'", "Expecting value"),
    ],
)
def test_a_document_with_two_readings_is_refused(raw, reason):
    with pytest.raises(InvalidJson) as refused:
        strict_json.decode(raw)

    assert reason in refused.value.reason


def test_a_whole_surrogate_pair_is_a_character():
    assert strict_json.decode(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [65, 2_000, 100_000])
def test_a_document_nested_too_deep_is_refused(opening, depth):
    closing = b"]" if opening == b"[" else b"}"

    with pytest.raises(InvalidJson) as refused:
        strict_json.decode(opening * depth + b"1" + closing * depth)

    assert "64 levels" in refused.value.reason


def test_a_document_at_the_limit_of_depth_is_read():
    assert strict_json.decode(b"[" * 64 + b"]" * 64, max_depth=64)


def test_a_wide_document_is_not_a_deep_one():
    assert len(strict_json.decode(b"[" + b"[]," * 5_000 + b"[]]", max_depth=2)) == 5_001
