"""
The behaviour table on our rules: what becomes of each pod, for which reason, and of the whole drain.

The same table goes through stock kubectl in `tests/e2e/test_drain_oracle.py`.
"""

import pytest

from maintenance import drain_table
from wharfinger.maintenance.api import NodeUnknown
from wharfinger.maintenance.explain import Explainer
from wharfinger.maintenance.verdict import Code, Outcome

ROWS = tuple(drain_table.rows())
SEEN_LATER = {Code.REFUSED, Code.RETURNS, Code.SILENCE}
"""What is not known before the first eviction is asked for."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_rules_say_what_the_table_says(row):
    explainer = Explainer(row.cluster(), drain_table.options(row.flags), drain_table.NOW)
    if row.drain == "unknown":
        with pytest.raises(NodeUnknown):
            explainer.node(row.id)
        return

    plan = explainer.node(row.id)

    told = {
        one.pod.name: (one.verdict.outcome, one.verdict.code, one.verdict.hopeless)
        for one in plan.pods
    }
    assert told == {pod.name: (*pod.verdict, pod.hopeless) for pod in row.judged}
    assert drain(row, plan) == row.drain


def drain(row, plan):
    """How it ends, by what the rules say of the pods and the table of what holds them."""
    if plan.blocked:
        return "refused"
    waiting = [one.verdict for one in plan.pods if one.verdict.outcome is Outcome.WAITS]
    if any(one.code == Code.BUDGETS_OVERLAPPING for one in waiting):
        return "fails"
    if any(one.hopeless or not row.spare for one in waiting) or any(pod.held for pod in row.pods):
        return "waits"
    return "done"


def test_the_table_is_as_wide_as_it_says():
    assert len(ROWS) >= 80
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert {pod.verdict[0] for row in ROWS for pod in row.judged} == set(Outcome)
    assert {pod.verdict[1] for row in ROWS for pod in row.judged} == set(Code) - SEEN_LATER
