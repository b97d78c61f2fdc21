"""Roles and bindings are refused when they could not mean anything."""

import pytest

from wharfinger.cluster.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING

GROUP = "rbac.authorization.k8s.io"
REF = {"apiGroup": GROUP, "kind": "ClusterRole", "name": "view"}


def told(errors):
    return [f"{error.field}: {error.message}" for error in errors]


def rules(kind, *given):
    return told(kind.validate({"rules": list(given)}))


def subjects(kind, *given):
    return told(kind.validate({"roleRef": REF, "subjects": list(given)}))


def test_a_rule_says_what_may_be_done_to_what():
    assert rules(ROLE, {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}) == []
    assert rules(ROLE, {}) == [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
    ]


def test_a_rule_on_paths_is_for_cluster_roles_and_for_nothing_else():
    rule = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}

    assert rules(CLUSTER_ROLE, rule) == []
    assert rules(ROLE, rule) == [
        (
            'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: namespaced rules cannot apply to '
            "non-resource URLs"
        )
    ]
    assert rules(CLUSTER_ROLE, rule | {"resources": ["x"]}) == [
        (
            'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: rules cannot apply to both '
            "regular resources and non-resource URLs"
        )
    ]


@pytest.mark.parametrize(
    ("selector", "field"),
    [
        ({"matchLabels": {"a b": "c"}}, "matchLabels"),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "matchExpressions[0].values"),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            "matchExpressions[0].values",
        ),
        ({"matchExpressions": [{"key": "a", "operator": "x"}]}, "matchExpressions[0].operator"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "matchExpressions[0].key"),
    ],
)
def test_an_aggregation_selects_by_good_selectors(selector, field):
    errors = CLUSTER_ROLE.validate({"aggregationRule": {"clusterRoleSelectors": [selector]}})

    assert {error.field for error in errors} == {f"aggregationRule.clusterRoleSelectors[0].{field}"}


def test_an_aggregation_selects_something():
    good = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}

    assert told(CLUSTER_ROLE.validate({"aggregationRule": {"clusterRoleSelectors": [good]}})) == []
    assert told(CLUSTER_ROLE.validate({"aggregationRule": {}})) == [
        (
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector "
            "required if aggregationRule is non-nil"
        )
    ]


def test_groups_of_a_binding_are_filled_in_where_there_is_no_doubt():
    obj = {
        "roleRef": {"kind": "Role", "name": "a"},
        "subjects": [
            {"kind": "User", "name": "u"},
            {"kind": "Group", "name": "g"},
            {"kind": "ServiceAccount", "name": "s"},
        ],
    }

    ROLE_BINDING.default(obj)

    assert obj["roleRef"]["apiGroup"] == GROUP
    assert [subject.get("apiGroup") for subject in obj["subjects"]] == [GROUP, GROUP, None]


def test_a_binding_names_a_role_of_a_known_kind():
    good = {"apiGroup": GROUP, "kind": "Role", "name": "system:x"}

    assert told(ROLE_BINDING.validate({"roleRef": good})) == []
    assert told(CLUSTER_ROLE_BINDING.validate({"roleRef": good})) == [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'
    ]
    assert told(
        ROLE_BINDING.validate({"roleRef": {"apiGroup": "x", "kind": "y", "name": "a/b"}})
    ) == [
        f'roleRef.apiGroup: Unsupported value: "x": supported values: "{GROUP}"',
        'roleRef.kind: Unsupported value: "y": supported values: "Role", "ClusterRole"',
        "roleRef.name: Invalid value: \"a/b\": may not contain '/'",
    ]


def test_a_subject_is_a_user_a_group_or_an_account():
    account = {"kind": "ServiceAccount", "name": "s", "namespace": "n"}
    user = {"kind": "User", "apiGroup": GROUP, "name": "any name: at all"}

    assert subjects(ROLE_BINDING, account, user) == []
    assert subjects(ROLE_BINDING, {"kind": "Robot", "name": "r"}) == [
        (
            'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", '
            '"User", "Group"'
        )
    ]
    assert subjects(ROLE_BINDING, user | {"name": "", "apiGroup": "x"}) == [
        "subjects[0].name: Required value",
        f'subjects[0].apiGroup: Unsupported value: "x": supported values: "{GROUP}"',
    ]
    assert len(subjects(ROLE_BINDING, account | {"name": "A", "apiGroup": GROUP})) == 2


def test_only_a_binding_within_a_namespace_may_leave_out_that_of_an_account():
    account = {"kind": "ServiceAccount", "name": "s"}

    assert subjects(ROLE_BINDING, account) == []
    assert subjects(CLUSTER_ROLE_BINDING, account) == ["subjects[0].namespace: Required value"]


def test_the_role_of_a_binding_cannot_be_changed():
    old = {"roleRef": REF}

    assert ROLE_BINDING.validate_update({"roleRef": dict(REF), "subjects": []}, old) == ()
    (error,) = told(ROLE_BINDING.validate_update({"roleRef": REF | {"name": "admin"}}, old))
    assert error.endswith(": cannot change roleRef")


def test_wide_columns_tell_who_gets_the_role():
    obj = {
        "roleRef": REF,
        "subjects": [
            {"kind": "User", "name": "ann"},
            {"kind": "User", "name": "bob"},
            {"kind": "Group", "name": "sailors"},
            {"kind": "ServiceAccount", "name": "robot", "namespace": "dock"},
        ],
    }
    cells = {
        column.name: column.value(obj, None)
        for column in ROLE_BINDING.columns[1:2] + ROLE_BINDING.columns[3:]
    }

    assert cells == {
        "Role": "ClusterRole/view",
        "Users": "ann, bob",
        "Groups": "sailors",
        "ServiceAccounts": "dock/robot",
    }
