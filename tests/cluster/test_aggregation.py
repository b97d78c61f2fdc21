from wharfinger.cluster import aggregation


def role(name, labels, *verbs):
    rules = [{"verbs": [verb]} for verb in verbs]
    return {"metadata": {"name": name, "labels": labels}, "rules": rules}


def aggregate(**labels):
    selectors = [{"matchLabels": labels}]
    return {
        "metadata": {"name": "sum", "labels": labels},
        "aggregationRule": {"clusterRoleSelectors": selectors},
        "rules": [{"verbs": ["stale"]}],
    }


def test_rules_come_from_chosen_roles_by_name_without_repeats_and_without_itself():
    wanted = aggregate(to="sum")
    others = [
        role("b", {"to": "sum"}, "get", "list"),
        role("a", {"to": "sum"}, "list"),
        role("c", {"to": "else"}, "delete"),
        wanted,
    ]

    assert aggregation.rules(wanted, others) == [{"verbs": ["list"]}, {"verbs": ["get"]}]


def test_selectors_add_up():
    wanted = aggregate(to="sum")
    wanted["aggregationRule"]["clusterRoleSelectors"].append({"matchLabels": {"to": "else"}})

    chosen = aggregation.rules(
        wanted, [role("a", {"to": "sum"}, "x"), role("b", {"to": "else"}, "y")]
    )

    assert chosen == [{"verbs": ["x"]}, {"verbs": ["y"]}]


def test_a_role_without_selectors_is_not_aggregated():
    assert not aggregation.is_aggregated({"aggregationRule": {"clusterRoleSelectors": []}})
    assert not aggregation.is_aggregated({"aggregationRule": None})
    assert aggregation.is_aggregated(aggregate(to="sum"))
