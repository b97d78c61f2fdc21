"""A JSON body means what it means to Go, or is refused."""

from __future__ import annotations

import pytest

from wharfinger.hosts.on_host.docker_authz import body
from wharfinger.hosts.on_host.docker_authz.target import UnclearRequest


@pytest.mark.parametrize(
    ("raw", "image"),
    [
        (b'{"Image": "a"}', "a"),
        (b'{"image": "a"}\n', "a"),
        (b'{"\\u0049mage": "a"}', "a"),
        (b'{"Image": null}', ""),
        (b'{"HostConfig": {"Image": "b"}, "x": [1, {"Image": "c"}]}', ""),
        (b"{}", ""),
    ],
)
def test_a_field_is_found_as_go_finds_it(raw, image):
    assert body.text_at(body.parse(raw), "Image") == image


def test_a_path_goes_through_objects_in_any_case():
    raw = b'{"tasktemplate": {"CONTAINERSPEC": {"image": "a"}}}'

    assert body.text_at(body.parse(raw), "TaskTemplate", "ContainerSpec", "Image") == "a"


@pytest.mark.parametrize("missing", [b"{}", b'{"A": null}', b'{"A": {"B": null}}'])
def test_what_is_missing_on_the_way_is_empty(missing):
    assert body.text_at(body.parse(missing), "A", "B", "C") == ""


def test_letters_that_go_folds_are_folded():
    raw = '{"Tas\u212aTemplate": {"Container\u017fpec": {"Image": "a"}}}'.encode()

    assert body.text_at(body.parse(raw), "TaskTemplate", "ContainerSpec", "Image") == "a"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"Image": "a", "Image": "b"}',
        b'{"Image": "a", "iMAGE": null}',
        b'{"Image": ["a"]}',
        b'{"Image": {"x": 1}}',
        b'{"Image": 1}',
    ],
)
def test_an_image_that_is_not_said_once_is_refused(raw):
    with pytest.raises(UnclearRequest):
        body.text_at(body.parse(raw), "Image")


def test_text_where_an_object_should_be_is_refused():
    with pytest.raises(UnclearRequest):
        body.text_at(body.parse(b'{"A": "x"}'), "A", "Image")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b'{"a": 1} {"b": 2}',
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\x00"}',
        b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_not_one_object_for_both_is_refused(raw):
    with pytest.raises(UnclearRequest):
        body.parse(raw)
