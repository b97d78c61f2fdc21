"""Who is put on brings exactly what the headers name, and each name is asked for."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from wharfinger.cluster.authorize import Access
from wharfinger.cluster.subject import AUTHENTICATED, UNAUTHENTICATED
from wharfinger.server import impersonation
from wharfinger.server.impersonation import BadImpersonation

BUILDER = "system:serviceaccount:team:builder"
IDENTITY = "authentication.k8s.io"


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.lower().encode(), value.encode()) for name, value in pairs])


def user(name: str, *more: tuple[str, str]) -> Headers:
    return headers(("Impersonate-User", name), *more)


def group(name: str) -> tuple[str, str]:
    return ("Impersonate-Group", name)


def test_without_the_headers_nobody_is_put_on():
    assert impersonation.wanted(headers(("Accept", "*/*"))) is None


@pytest.mark.parametrize(
    ("found", "groups"),
    [
        (user("bob"), (AUTHENTICATED,)),
        (user("bob", group("crew"), group("crew")), ("crew", AUTHENTICATED)),
        (user("bob", group(AUTHENTICATED)), (AUTHENTICATED,)),
        (user("bob", group(UNAUTHENTICATED)), (UNAUTHENTICATED,)),
        (user("system:anonymous"), (UNAUTHENTICATED,)),
        (user("system:anonymous", group("crew")), ("crew", UNAUTHENTICATED)),
        (
            user(BUILDER),
            ("system:serviceaccounts", "system:serviceaccounts:team", AUTHENTICATED),
        ),
        (user(BUILDER, group("crew")), ("crew", AUTHENTICATED)),
        (user("system:serviceaccount:team"), (AUTHENTICATED,)),
    ],
)
def test_groups_are_those_that_are_named(found, groups):
    wanted = impersonation.wanted(found)

    assert wanted is not None
    assert wanted.groups == groups


def test_extras_are_read_with_their_names_decoded():
    found = user(
        "bob",
        ("Impersonate-Extra-acme.com%2Fproject", "blue"),
        ("Impersonate-Extra-acme.com%2Fproject", "green"),
    )

    wanted = impersonation.wanted(found)

    assert wanted is not None
    assert wanted.extra == {"acme.com/project": ("blue", "green")}


@pytest.mark.parametrize(
    "found",
    [
        headers(group("system:masters")),
        headers(("Impersonate-Uid", "1")),
        headers(("Impersonate-Extra-scopes", "all")),
        user("", group("crew")),
        user("bob", ("Impersonate-Extra-", "all")),
        user("bob", ("Impersonate-Groups", "crew")),
    ],
)
def test_half_an_impersonation_is_refused(found):
    with pytest.raises(BadImpersonation):
        impersonation.wanted(found)


def asked(found: Headers) -> list[Access]:
    wanted = impersonation.wanted(found)
    assert wanted is not None
    return list(impersonation.needed(wanted, found))


def test_each_name_takes_a_right_of_its_own():
    found = user(
        "bob",
        group("crew"),
        group("pilots"),
        ("Impersonate-Extra-scopes", "view"),
        ("Impersonate-Uid", "06f6"),
    )

    assert asked(found) == [
        Access("impersonate", "", "users", name="bob"),
        Access("impersonate", "", "groups", name="crew"),
        Access("impersonate", "", "groups", name="pilots"),
        Access("impersonate", IDENTITY, "userextras", "scopes", name="view"),
        Access("impersonate", IDENTITY, "uids", name="06f6"),
    ]


def test_a_service_account_is_asked_for_in_its_namespace():
    assert asked(user(BUILDER)) == [
        Access("impersonate", "", "serviceaccounts", namespace="team", name="builder")
    ]


@pytest.mark.parametrize(
    "name",
    ["system:serviceaccount:team", "system:serviceaccount::builder", f"{BUILDER}:more"],
)
def test_what_only_begins_like_a_service_account_is_a_user(name):
    assert asked(user(name)) == [Access("impersonate", "", "users", name=name)]
