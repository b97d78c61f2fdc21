"""Options that contradict each other are refused, in the words that clients know."""

from __future__ import annotations

import pytest

from wharfinger.cluster import list_rules
from wharfinger.cluster.list_rules import Asked, OptionsInvalid


def asked(*, watch=False, version="", match="", goes_on="", initial=False):
    return Asked(watch, version, match, goes_on, initial)


@pytest.mark.parametrize(
    "options",
    [
        asked(),
        asked(version="7"),
        asked(version="7", match="Exact"),
        asked(version="0", match="NotOlderThan"),
        asked(goes_on="token"),
        asked(watch=True),
        asked(watch=True, version="7"),
        asked(watch=True, initial=True, match="NotOlderThan"),
        asked(watch=True, initial=True, match="NotOlderThan", version="7"),
    ],
)
def test_what_goes_together_is_taken(options):
    list_rules.check(options)


@pytest.mark.parametrize(
    ("options", "causes"),
    [
        (
            asked(match="Exact"),
            ["resourceVersionMatch is forbidden unless resourceVersion is provided"],
        ),
        (
            asked(version="7", match="Exact", goes_on="token"),
            ["resourceVersionMatch is forbidden when continue is provided"],
        ),
        (
            asked(version="7", match="Sometimes"),
            ['Unsupported value: "Sometimes": supported values: "Exact", "NotOlderThan", ""'],
        ),
        (
            asked(version="0", match="Exact"),
            ['resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
        ),
        (asked(initial=True), ["sendInitialEvents is forbidden for list"]),
        (
            asked(watch=True, initial=True),
            ["sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"],
        ),
        (
            asked(watch=True, match="NotOlderThan"),
            ["resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"],
        ),
        (
            asked(watch=True, initial=True, match="Exact"),
            [
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                'Unsupported value: "Exact": supported values: "NotOlderThan"',
            ],
        ),
        (
            asked(watch=True, initial=True, match="NotOlderThan", goes_on="token"),
            ["resourceVersionMatch is forbidden when continue is provided"],
        ),
    ],
)
def test_what_does_not_is_refused(options, causes):
    with pytest.raises(OptionsInvalid) as refused:
        list_rules.check(options)

    found = [cause.message.removeprefix("Forbidden: ") for cause in refused.value.causes]
    assert found == causes


def test_the_refusal_is_about_list_options():
    with pytest.raises(OptionsInvalid) as refused:
        list_rules.check(asked(initial=True))

    assert str(refused.value) == (
        'ListOptions.meta.k8s.io "" is invalid: '
        "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"
    )
