from __future__ import annotations

import pytest

from wharfinger.cluster import selector
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds import CONFIG_MAP, NAMESPACE, SECRET


def obj(**labels: str) -> Object:
    return {"metadata": {"name": "a", "namespace": "dock", "labels": labels}}


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("", {}, True),
        ("app=x", {"app": "x"}, True),
        ("app = x", {"app": "x"}, True),
        ("app==x", {"app": "y"}, False),
        ("app=x", {}, False),
        ("app=", {"app": ""}, True),
        ("app!=x", {"app": "y"}, True),
        ("app!=x", {}, True),
        ("app!=x", {"app": "x"}, False),
        ("app", {"app": "x"}, True),
        ("app", {}, False),
        ("!app", {}, True),
        ("! app", {"app": "x"}, False),
        ("app in (x, y)", {"app": "y"}, True),
        ("app in (x,y)", {"app": "z"}, False),
        ("app in (x,)", {"app": ""}, True),
        ("app notin (x,y)", {"app": "z"}, True),
        ("app notin (x,y)", {}, True),
        ("app notin (x,y)", {"app": "x"}, False),
        ("n>3", {"n": "4"}, True),
        ("n>3", {"n": "3"}, False),
        ("n<3", {"n": "-4"}, True),
        ("n<3", {"n": "few"}, False),
        ("app=x,tier!=db,!old", {"app": "x"}, True),
        ("app=x,tier!=db,!old", {"app": "x", "old": ""}, False),
        ("in in (in)", {"in": "in"}, True),
        ("wharf.test/app=x", {"wharf.test/app": "x"}, True),
    ],
)
def test_label_selectors(text: str, labels: dict[str, str], matches: bool):
    assert selector.parse(CONFIG_MAP, text, "").matches(obj(**labels)) is matches


@pytest.mark.parametrize(
    "text",
    [
        "=x", "app=x,", ",app", "app in", "app in x", "app in (x", "app in (x y)", "app=x y",
        "app=(x)", "!", "!!app", "a b", "app=-x-", "-=x", "n>few", "a/b/c=x", "app!",
        "app=x!",
    ],
)  # fmt: skip
def test_what_is_no_label_selector_is_refused(text: str):
    with pytest.raises(BadRequest):
        selector.parse_labels(text)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metadata.name=a", True),
        ("metadata.name==a", True),
        ("metadata.name!=a", False),
        ("metadata.name=b", False),
        ("metadata.namespace=dock,metadata.name=a", True),
        ("metadata.namespace=quay,metadata.name=a", False),
        ("", True),
    ],
)
def test_field_selectors(text: str, matches: bool):
    assert selector.parse(CONFIG_MAP, "", text).matches(obj()) is matches


def test_a_field_value_may_be_escaped():
    chosen = selector.parse(SECRET, "", r"type=a\,b\=c\\")

    assert chosen.matches(obj() | {"type": "a,b=c\\"})


@pytest.mark.parametrize(
    "text", ["metadata.uid=x", "data=x", "metadata.name", "=x", r"metadata.name=a\b"]
)
def test_what_is_no_field_selector_is_refused(text: str):
    with pytest.raises(BadRequest):
        selector.parse(CONFIG_MAP, "", text)


def test_fields_are_those_of_the_kind():
    terminating = {"metadata": {"name": "dock"}, "status": {"phase": "Terminating"}}

    assert selector.parse(NAMESPACE, "", "status.phase=Terminating").matches(terminating)
    with pytest.raises(BadRequest, match=r"field label not supported: metadata\.namespace"):
        selector.parse(NAMESPACE, "", "metadata.namespace=x")


def test_a_selector_has_a_limit_of_length():
    with pytest.raises(BadRequest, match="longer"):
        selector.parse(CONFIG_MAP, ",".join(["a=b"] * 10_000), "")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("", ""),
        ("metadata.name=web", "web"),
        ("metadata.namespace=dock,metadata.name==system:node", "system:node"),
        ("metadata.name!=web", ""),
        ("metadata.name=a/b", ""),
        ("metadata.name=..", ""),
        ("metadata.name=", ""),
        ("metadata.name", ""),
        ("type=metadata.name=web", ""),
    ],
)
def test_a_selector_can_name_one_object(fields, name):
    assert selector.exact_name(fields) == name
