from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_pods import owner, pod, running, template
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.workloads.job import JOB
from wharfinger.cluster.workloads import conditions, indexes, tasks

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
BEGAN = "2027-01-15T08:59:00Z"


def job(status: dict[str, Any] | None = None, **more: Any) -> Object:
    spec = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "template": template(), **more}
    spec = {name: value for name, value in spec.items() if value is not None}
    return owner("once", status=status, **spec)


def ended(name: str, phase: str = "Succeeded", number: int | None = None) -> Object:
    found = pod(name, at="n1", phase=phase)
    if number is not None:
        found["metadata"]["annotations"] = {indexes.INDEX: str(number)}
    return found


def told(plan: tasks.Plan) -> dict[str, str]:
    found = plan.status.get("conditions", ())
    return {one["type"]: one.get("reason", "") for one in found if one["status"] == "True"}


def test_as_many_pods_run_as_may():
    plan = tasks.plan(job(parallelism=2, completions=5), [], NOW)
    assert plan.make == (None, None)
    assert (plan.status["active"], plan.status["startTime"]) == (2, "2027-01-15T09:00:00Z")


def test_no_more_pods_run_than_are_left_to_do():
    found = [ended("a"), ended("b"), running("c")]
    plan = tasks.plan(job(parallelism=3, completions=4), found, NOW)
    assert (len(plan.make), plan.status["active"], plan.status["succeeded"]) == (1, 2, 2)
    assert plan.status["ready"] == 1


def test_surplus_pods_go_the_youngest_first():
    young = running("b", creationTimestamp="2027-01-15T08:30:00Z")
    plan = tasks.plan(job(parallelism=1, completions=3), [running("a"), young], NOW)
    assert [one["metadata"]["name"] for one in plan.delete] == ["b"]
    assert plan.status["active"] == 1


def test_a_job_whose_pods_have_succeeded_is_complete():
    plan = tasks.plan(job(), [ended("a")], NOW)

    assert told(plan) == {"Complete": "CompletionsReached"}
    assert plan.status["completionTime"] == "2027-01-15T09:00:00Z"
    assert "active" not in plan.status
    assert (plan.make, plan.delete) == ((), ())


def test_a_failed_pod_is_replaced_until_there_are_too_many():
    found = [ended(name, "Failed") for name in "ab"]
    assert tasks.plan(job(backoffLimit=2), found, NOW).make == (None,)

    plan = tasks.plan(job(backoffLimit=1), [*found, running("c")], NOW)
    assert told(plan) == {"Failed": "BackoffLimitExceeded"}
    assert [one["metadata"]["name"] for one in plan.delete] == ["c"]
    assert plan.status["failed"] == 2


def test_a_count_never_goes_down():
    plan = tasks.plan(job({"succeeded": 2, "failed": 1}, completions=3), [ended("c")], NOW)
    assert (plan.status["succeeded"], plan.status["failed"]) == (2, 1)


def test_without_a_number_of_completions_one_success_is_the_last_call():
    queue = job(completions=None, parallelism=3)
    assert len(tasks.plan(queue, [], NOW).make) == 3
    plan = tasks.plan(queue, [ended("a"), running("b")], NOW)
    assert (plan.make, told(plan)) == ((), {})
    assert told(tasks.plan(queue, [ended("a"), ended("b")], NOW)) == {
        "Complete": "CompletionsReached"
    }


def test_a_job_that_takes_too_long_has_failed():
    found = job({"startTime": BEGAN}, activeDeadlineSeconds=60)
    plan = tasks.plan(found, [running("a")], NOW)
    assert told(plan) == {"Failed": "DeadlineExceeded"}
    assert len(plan.delete) == 1
    assert not told(tasks.plan(found, [running("a")], NOW - timedelta(seconds=1)))


def test_the_next_look_is_at_the_deadline():
    found = job(activeDeadlineSeconds=90)
    assert tasks.next_look(found, {"startTime": BEGAN}, NOW) == 30.0
    assert tasks.next_look(job(), {"startTime": BEGAN}, NOW) is None
    done = {"startTime": BEGAN, "conditions": [conditions.made("Complete", True)]}
    assert tasks.next_look(found, done, NOW) is None


def test_a_suspended_job_has_no_pods_and_no_time():
    found = job(suspend=True)
    plan = tasks.plan(found, [running("a")], NOW)
    assert told(plan) == {"Suspended": "JobSuspended"}
    assert len(plan.delete) == 1
    assert "startTime" not in plan.status

    found["spec"]["suspend"], found["status"] = False, dict(plan.status)
    resumed = tasks.plan(found, [], NOW)
    assert told(resumed) == {}
    assert resumed.status["conditions"][0]["reason"] == "JobResumed"
    assert resumed.make == (None,)


def test_numbered_pods_do_what_nobody_has_done():
    found = job(completionMode="Indexed", completions=4, parallelism=2)
    busy = running("b", annotations={indexes.INDEX: "1"})
    plan = tasks.plan(found, [ended("a", number=0), busy], NOW)

    assert plan.make == (2,)
    assert (plan.status["completedIndexes"], plan.status["succeeded"]) == ("0", 1)
    again = tasks.plan(found, [ended("a", "Failed", 0)], NOW)
    assert again.make == (0, 1)


def test_a_number_counts_once_and_is_remembered():
    found = job({"completedIndexes": "1"}, completionMode="Indexed", completions=3)
    plan = tasks.plan(
        found, [ended("a", number=0), ended("b", number=0), ended("c", number=9)], NOW
    )
    assert (plan.status["completedIndexes"], plan.status["succeeded"]) == ("0,1", 2)
    assert plan.make == (2,)


def test_a_pod_has_its_number_only_where_there_is_one():
    assert indexes.of_pod(tasks.pod_for(JOB, job(), 3)) == 3
    plain = tasks.pod_for(JOB, job(), None)
    assert plain["metadata"]["generateName"] == "once-"
    assert indexes.of_pod(plain) is None


def test_another_manager_does_its_own_jobs():
    assert tasks.ours(job())
    assert tasks.ours(job(managedBy="kubernetes.io/job-controller"))
    assert not tasks.ours(job(managedBy="own.test/queue"))


@pytest.mark.parametrize("state", ["Complete", "Failed"])
def test_a_job_that_has_ended_is_kept_as_long_as_it_says(state: str):
    one = {**conditions.made(state, True), "lastTransitionTime": BEGAN}
    found = job({"conditions": [one]}, ttlSecondsAfterFinished=90)

    assert tasks.forgotten_in(found, NOW) == 30.0
    assert tasks.forgotten_in(found, NOW + timedelta(hours=1)) == 0.0
    assert tasks.forgotten_in(job({"conditions": [one]}), NOW) is None
    assert tasks.forgotten_in(job(ttlSecondsAfterFinished=90), NOW) is None


@given(
    st.integers(1, 4), st.integers(1, 5), st.integers(0, 3),
    st.lists(st.sampled_from(["Succeeded", "Failed"]), max_size=30), st.booleans(),
)  # fmt: skip
def test_a_job_ends_by_its_rules(
    parallel: int, completions: int, limit: int, outcomes: list[str], numbered: bool
):
    mode = "Indexed" if numbered else "NonIndexed"
    found = job(
        parallelism=parallel, completions=completions, backoffLimit=limit, completionMode=mode
    )
    pods: list[Object] = []
    script = iter(outcomes)
    for step in range(100):
        plan = tasks.plan(found, pods, NOW)
        found["status"] = dict(plan.status)
        assert plan.status.get("active", 0) <= parallel
        if tasks.ended(found):
            break
        for place, number in enumerate(plan.make):
            pods.append(tasks.pod_for(JOB, found, number))
            name = {"name": f"p{step}-{place}", "creationTimestamp": BEGAN}
            pods[-1]["metadata"] |= name
        for one in pods:
            if "status" not in one:
                one["status"] = {"phase": next(script, "Succeeded")}
    failed = sum(one["status"]["phase"] == "Failed" for one in pods)
    assert conditions.holds(found, "Failed") is (failed > limit)
    assert conditions.holds(found, "Complete") is (failed <= limit)
    if failed <= limit:
        assert found["status"]["succeeded"] == completions
