"""Users as objects, and callers as the user called `~`."""

import pytest

from wharfinger.cluster.errors import ObjectForbidden, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds.openshift import GROUP, IDENTITY, USER
from wharfinger.cluster.openshift import users
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import ANONYMOUS, SYSTEM, service_account


async def test_a_caller_without_an_object_is_made_up(world):
    robot = service_account("p", "robot", "42")
    found = await world.endpoints["users"].get(robot, "", "~")

    assert found["kind"] == "User"
    assert found["metadata"]["name"] == "system:serviceaccount:p:robot"
    assert found["metadata"]["uid"] == "42"
    assert found["groups"] == list(robot.groups)
    with pytest.raises(ObjectNotFound):
        await world.endpoints["users"].get(robot, "", "system:serviceaccount:p:robot")


async def test_a_caller_with_an_object_gets_it_with_the_groups_of_now(world):
    await users.remember(world.objects, "ada")
    found = await world.endpoints["users"].get(world.ada, "", "~")

    assert found["identities"] == ["htpasswd:ada"]
    assert found["groups"] == list(world.ada.groups)
    stored = await world.endpoints["users"].get(world.bob, "", "ada")
    assert "groups" not in stored
    assert stored["metadata"]["uid"] == found["metadata"]["uid"]


async def test_nobody_is_no_user(world):
    with pytest.raises(ObjectForbidden, match="requests to ~ must be authenticated"):
        await world.endpoints["users"].get(ANONYMOUS, "", "~")


async def test_a_login_is_added_to_a_user_that_was_there(world):
    wanted = {"metadata": {"name": "ada"}, "fullName": "Ada L.", "identities": ["ldap:ada"]}
    await world.endpoints["users"].create(SYSTEM, "", "", wanted, Options())
    await users.remember(world.objects, "ada")
    await users.remember(world.objects, "ada")

    found = world.objects.get(USER, "", "ada")
    assert found["identities"] == ["ldap:ada", "htpasswd:ada"]
    assert found["fullName"] == "Ada L."
    assert world.names(IDENTITY, "") == ["htpasswd:ada"]


async def test_a_name_that_no_object_can_have_is_not_kept(world):
    for name in ("~", "a/b", "a%b", ".."):
        await users.remember(world.objects, name)

    assert world.names(USER, "") == []


@pytest.mark.parametrize(
    ("kind", "name", "fields", "words"),
    [
        (USER, "~", {}, 'may not equal "~"'),
        (USER, "system:masters", {}, 'may not contain ":"'),
        (USER, "ada", {"identities": ["ada"]}, "providerName"),
        (GROUP, "system:masters", {}, 'may not contain ":"'),
        (GROUP, "sailors", {"users": [""]}, "may not be empty"),
        (GROUP, "sailors", {"users": ["system:admin"]}, "users\\[0\\]"),
        (IDENTITY, "ada", {"providerName": "ldap", "providerUserName": "ada"}, "format"),
        (IDENTITY, "ldap:ada", {"providerName": "ldap", "providerUserName": "bob"}, "colon"),
        (IDENTITY, "ldap:ada", {"providerName": "", "providerUserName": ""}, "Required"),
        (IDENTITY, "l:d:a", {"providerName": "l:d", "providerUserName": "a"}, "may not contain"),
    ],
)
async def test_what_is_no_user_group_or_identity_is_refused(world, kind, name, fields, words):
    with pytest.raises(ObjectInvalid, match=words):
        await world.make(kind, name, "", **fields)
