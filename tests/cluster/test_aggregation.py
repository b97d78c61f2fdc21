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


def test_expressions_follow_label_selectors():
    def holds(operator, *values):
        expression = {"key": "k", "operator": operator, "values": list(values)}
        return [
            aggregation.matches({"matchExpressions": [expression]}, labels)
            for labels in ({"k": "v"}, {"k": "w"}, {})
        ]

    assert holds("In", "v") == [True, False, False]
    assert holds("NotIn", "v") == [False, True, True]
    assert holds("Exists") == [True, True, False]
    assert holds("DoesNotExist") == [False, False, True]
    assert holds("Nonsense") == [False, False, False]
    assert aggregation.matches({}, {"any": "labels"})


def test_a_role_without_selectors_is_not_aggregated():
    assert not aggregation.is_aggregated({"aggregationRule": {"clusterRoleSelectors": []}})
    assert not aggregation.is_aggregated({"aggregationRule": None})
    assert aggregation.is_aggregated(aggregate(to="sum"))
