import pytest

from wharfinger.cluster import role_bindings
from wharfinger.cluster.role_bindings import (
    Binding,
    BoundToAnotherRole,
    Edit,
    Holder,
    NotBound,
    Role,
)

EDIT, VIEW = Role("ClusterRole", "edit"), Role("ClusterRole", "view")
ADA, BOB = Holder("User", "ada"), Holder("User", "bob")


def test_a_named_binding_of_another_role_is_not_touched():
    taken = Binding("b", VIEW, (ADA,))

    with pytest.raises(BoundToAnotherRole):
        role_bindings.grant(EDIT, [ADA], [taken], "b")
    with pytest.raises(BoundToAnotherRole):
        role_bindings.revoke(EDIT, [ADA], [taken], "b")


def test_names_are_counted_up_past_bindings_of_any_role():
    existing = [Binding("edit", VIEW), Binding("edit-0", EDIT), Binding("edit-1", VIEW)]

    assert role_bindings.grant(EDIT, [ADA], existing).binding.name == "edit-2"


def test_granting_again_keeps_what_is_there():
    found = Binding("b", EDIT, (ADA, BOB))

    assert role_bindings.grant(EDIT, [BOB], [found]) == Edit("keep", found)
    assert role_bindings.grant(EDIT, [BOB], [found], "b") == Edit("keep", found)


def test_taking_away_touches_every_binding_of_the_role_and_drops_empty_ones():
    existing = [
        Binding("a", EDIT, (ADA,)),
        Binding("b", EDIT, (ADA, BOB)),
        Binding("c", VIEW, (ADA,)),
    ]

    assert role_bindings.revoke(EDIT, [ADA], existing) == [
        Edit("delete", Binding("a", EDIT)),
        Edit("update", Binding("b", EDIT, (BOB,))),
    ]


def test_taking_away_what_nobody_has_is_an_error():
    with pytest.raises(NotBound):
        role_bindings.revoke(EDIT, [BOB], [Binding("a", EDIT, (ADA,))])


def test_accounts_of_two_namespaces_are_two():
    one, other = Holder("ServiceAccount", "x", "p"), Holder("ServiceAccount", "x", "q")
    found = Binding("edit", EDIT, (one,))

    assert role_bindings.grant(EDIT, [other], [found]).action == "create"


@pytest.mark.parametrize("holder", [ADA, Holder("Group", "g"), Holder("ServiceAccount", "x", "p")])
def test_a_holder_survives_the_round_trip(holder):
    assert Holder.of(holder.subject()) == holder
