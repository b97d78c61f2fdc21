import pytest

from wharfinger.policy.imagepolicy.selector import LabelSelector, Requirement


@pytest.mark.parametrize(
    ("requirement", "labels", "holds"),
    [
        (Requirement("a", "In", ("1", "2")), {"a": "2"}, True),
        (Requirement("a", "In", ("1",)), {}, False),
        (Requirement("a", "NotIn", ("1",)), {}, True),
        (Requirement("a", "NotIn", ("1",)), {"a": "1"}, False),
        (Requirement("a", "Exists"), {"a": ""}, True),
        (Requirement("a", "Exists"), {}, False),
        (Requirement("a", "DoesNotExist"), {}, True),
        (Requirement("a", "DoesNotExist"), {"a": ""}, False),
    ],
)
def test_a_requirement_holds(requirement, labels, holds):
    assert requirement.holds(labels) is holds
    assert LabelSelector((requirement,)).matches(labels) is holds


def test_a_selector_without_requirements_matches_everything():
    assert LabelSelector().matches({})


@pytest.mark.parametrize(
    ("requirement", "fault"),
    [
        (Requirement("a", "Matches", ("1",)), '"Matches" is not a valid label selector operator'),
        (Requirement("a", "In"), "values set can't be empty"),
        (Requirement("a", "Exists", ("1",)), "must be empty for exists and does not exist"),
        (Requirement("", "Exists"), 'key: "" is not the key of a label'),
        (Requirement("a/b/c", "Exists"), "is not the key of a label"),
        (Requirement("-a", "Exists"), "is not the key of a label"),
        (Requirement("a" * 64, "Exists"), "is not the key of a label"),
        (Requirement("A.test/a", "Exists"), "is not the key of a label"),
        (Requirement(f"{'a.' * 130}test/a", "Exists"), "is not the key of a label"),
        (Requirement("a", "In", ("a b",)), 'values: "a b" is not the value of a label'),
        (Requirement("a", "In", ("a\n",)), "is not the value of a label"),
    ],
)
def test_a_requirement_that_cannot_hold_is_told(requirement, fault):
    (found,) = requirement.faults()

    assert fault in found


@pytest.mark.parametrize("key", ["a", "A_b.c-1", "example.test/a", "a" * 63])
def test_keys_of_labels_are_taken(key):
    assert [*Requirement(key, "In", ("", "v1.2_x")).faults()] == []


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        (Requirement("a", "In", ("1",)), "a=1"),
        (Requirement("a", "In", ("1", "2")), "a in (1, 2)"),
        (Requirement("a", "NotIn", ("1",)), "a not in (1)"),
        (Requirement("a", "Exists"), "a"),
        (Requirement("a", "DoesNotExist"), "no a"),
    ],
)
def test_a_requirement_is_told_in_words(requirement, text):
    assert str(requirement) == text


def test_a_selector_is_told_in_words():
    both = LabelSelector((Requirement("a", "Exists"), Requirement("b", "Exists")))

    assert (str(both), str(LabelSelector())) == ("a and b", "any labels")
