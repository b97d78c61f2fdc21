"""Rules decide as Kubernetes does: the table follows its documented matching, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import rules
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.rules import FULL_AUTHORITY, Rule

PODS = Rule(("get", "list"), ("",), ("pods",))


@pytest.mark.parametrize(
    ("rule", "access", "allowed"),
    [
        (PODS, Access("get", "", "pods"), True),
        (PODS, Access("create", "", "pods"), False),
        (PODS, Access("get", "apps", "pods"), False),
        (PODS, Access("get", "", "pods", "log"), False),
        (Rule(("*",), ("",), ("pods",)), Access("create", "", "pods"), True),
        (Rule(("get",), ("*",), ("pods",)), Access("get", "apps", "pods"), True),
        (Rule(("get",), ("",), ("*",)), Access("get", "", "pods", "log"), True),
        (Rule(("get",), ("",), ("pods/log",)), Access("get", "", "pods", "log"), True),
        (Rule(("get",), ("",), ("pods/log",)), Access("get", "", "pods"), False),
        (Rule(("get",), ("",), ("pods/*",)), Access("get", "", "pods", "log"), False),
        (Rule(("get",), ("apps",), ("*/scale",)), Access("get", "apps", "x", "scale"), True),
        (Rule(("get",), ("apps",), ("*/scale",)), Access("get", "apps", "x", "status"), False),
        (Rule(("get",), ("apps",), ("*/scale",)), Access("get", "apps", "scale"), False),
        (Rule(("get",), ("",), ("pods",), ("a",)), Access("get", "", "pods", name="a"), True),
        (Rule(("get",), ("",), ("pods",), ("a",)), Access("get", "", "pods", name="b"), False),
        (Rule(("list",), ("",), ("pods",), ("a",)), Access("list", "", "pods"), False),
        (Rule(("get",), paths=("/livez",)), Access("get", path="/livez"), True),
        (Rule(("get",), paths=("/livez",)), Access("get", path="/livez/ping"), False),
        (Rule(("get",), paths=("/livez/*",)), Access("get", path="/livez/ping"), True),
        (Rule(("get",), paths=("/livez/*",)), Access("get", path="/livez"), False),
        (Rule(("get",), paths=("*",)), Access("get", path="/x"), True),
        (FULL_AUTHORITY[0], Access("get", path="/x"), False),
        (FULL_AUTHORITY[1], Access("get", "", "pods"), False),
        (Rule((), ("",), ("pods",)), Access("get", "", "pods"), False),
    ],
)
def test_a_rule_allows_what_kubernetes_allows(rule, access, allowed):
    assert rules.allows(rule, access) is allowed


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        (FULL_AUTHORITY, [PODS], True),
        (FULL_AUTHORITY, FULL_AUTHORITY, True),
        ([PODS], [Rule(("get",), ("",), ("pods",))], True),
        ([PODS], [Rule(("*",), ("",), ("pods",))], False),
        ([PODS], [Rule(("get",), ("",), ("pods",), ("a",))], True),
        ([Rule(("get",), ("",), ("pods",), ("a",))], [Rule(("get",), ("",), ("pods",))], False),
        (
            [Rule(("get",), ("",), ("pods",)), Rule(("list",), ("",), ("pods",))],
            [PODS],
            True,
        ),
        ([Rule(("get",), ("",), ("*/log",))], [Rule(("get",), ("",), ("pods/log",))], True),
        ([Rule(("get",), ("",), ("pods/log",))], [Rule(("get",), ("",), ("*/log",))], False),
        ([Rule(("get",), paths=("/a/*",))], [Rule(("get",), paths=("/a/b", "/a/*"))], True),
        ([Rule(("get",), paths=("/a/b",))], [Rule(("get",), paths=("/a/*",))], False),
        ([], [], True),
        ([], [Rule(("get",))], True),
    ],
)
def test_covering_needs_every_part_of_the_wanted_rules(held, wanted, covered):
    assert (rules.uncovered(held, wanted) == []) is covered


def test_what_is_missing_is_named_with_its_verbs_together():
    missing = rules.uncovered([PODS], [Rule(("get", "create", "delete"), ("",), ("pods",))])

    assert [str(rule) for rule in missing] == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["create" "delete"]}'
    ]


@pytest.mark.parametrize("rule", [PODS, Rule(("get",), paths=("/a",)), FULL_AUTHORITY[0]])
def test_a_rule_survives_the_round_trip_to_json(rule):
    assert Rule.parse(rule.encode()) == rule


_words = st.lists(st.sampled_from(["*", "a", "b", "a/x", "*/x"]), min_size=1, max_size=3).map(tuple)
_rules = st.builds(Rule, verbs=_words, groups=_words, resources=_words)
_access = st.builds(
    Access,
    verb=st.sampled_from("ab"),
    group=st.sampled_from("ab"),
    resource=st.sampled_from("ab"),
    subresource=st.sampled_from(["", "x"]),
)


@given(_rules, _rules, _access)
def test_covered_rules_never_allow_more_than_their_holder_has(held, wanted, access):
    if not rules.uncovered([held], [wanted]) and rules.allows(wanted, access):
        assert rules.allows(held, access)
