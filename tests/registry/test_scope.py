"""A scope bounds a token and never widens it (faults.md 37)."""

import pytest

from wharfinger.registry import scope
from wharfinger.registry.scope import BadScope, Scope


def test_several_scopes_come_in_one_parameter_or_in_many():
    wanted = (Scope("repository", "a/b", "pull"), Scope("repository", "c/d", "push"))

    assert scope.parse(["repository:a/b:pull repository:c/d:push"]) == wanted
    assert scope.parse(["repository:a/b:pull", "repository:c/d:push"]) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "repository", "repository:a/b", ":a/b:pull", "(plugin):a/b:pull",
        "repository:registry.test:5000/a/b:pull", "repository(:a/b:pull", "repository)x(:a/b:pull",
        "repository(a)(b):a/b:pull", "repository():a/b:pull", "Repository:a/b:pull",
    ],
)  # fmt: skip
def test_malformed_text_asks_for_nothing(text):
    assert scope.parse([text]) == ()


def test_a_class_is_kept_apart_from_the_type():
    assert scope.parse(["repository(plugin):a/b:pull"]) == (
        Scope("repository", "a/b", "pull", "plugin"),
    )


@pytest.mark.parametrize("name", ["", "a", "/a", "a/", "a//b"])
def test_a_repository_outside_a_project_is_refused(name):
    with pytest.raises(BadScope, match="<project>/<name>"):
        scope.require_names([Scope("repository", name, "pull")])


def test_names_may_have_more_than_two_parts_and_other_types_any():
    scope.require_names([Scope("repository", "a/b/c", "pull"), Scope("registry", "catalog", "*")])


def test_scopes_of_one_thing_are_one_entry_of_a_token():
    asked = scope.parse(["repository:a/b:pull", "repository:c/d:push,pull repository:a/b:push"])

    assert scope.encode(asked) == [
        {"type": "repository", "class": "", "name": "a/b", "actions": ["pull", "push"]},
        {"type": "repository", "class": "", "name": "c/d", "actions": ["push", "pull"]},
    ]


def test_a_flood_of_scopes_is_cut():
    text = " ".join(f"repository:a/b{number}:pull" for number in range(10_000))

    assert len(scope.parse([text])) == scope.MOST_SCOPES
