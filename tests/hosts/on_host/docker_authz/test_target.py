"""Addresses mean what they mean to the daemon's router, or are refused."""

from __future__ import annotations

import pytest

from wharfinger.hosts.on_host.docker_authz.target import Target, UnclearRequest


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/images/create?fromImage=x", "/images/create"),
        ("/v1.41/images/create", "/images/create"),
        ("/v.../images/create", "/images/create"),
        ("/%69mages/cre%61te", "/images/create"),
        ("/v1.41%2Fimages%2Fcreate", "/images/create"),
        ("/v1.41/v1.41/images/create", "/v1.41/images/create"),
        ("/volumes/x", "/volumes/x"),
        ("/images/a%20b/json", "/images/a b/json"),
        ("/images/create#x", "/images/create#x"),
        ("/containers/", "/containers/"),
    ],
)
def test_a_path_is_decoded_and_loses_its_version(text, path):
    assert Target.parse(text).path == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "images/create",
        "http://docker/images/create",
        "//images/create",
        "/v1.24/../images/create",
        "/v1.24/%2e%2e/images/create",
        "/./images/create",
        "/images/create%zz",
        "/images/create%0a",
        "/images/%ff/json",
    ],
)
def test_what_the_router_would_not_take_as_it_is_is_refused(text):
    with pytest.raises(UnclearRequest):
        Target.parse(text)


def test_a_query_keeps_each_value_in_its_order():
    values = Target.parse("/build?t=a%2Fb&t=c+d&&q&%74=e").values()

    assert values == {"t": ("a/b", "c d", "e"), "q": ("",)}


@pytest.mark.parametrize("query", ["a=1;b=2", "a=%", "a=%f", "a=%ff"])
def test_a_query_that_can_be_read_in_two_ways_is_refused(query):
    target = Target.parse(f"/images/create?{query}")

    with pytest.raises(UnclearRequest):
        target.values()
