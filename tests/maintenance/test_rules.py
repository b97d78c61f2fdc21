"""What `kubectl drain` refuses is refused, what it leaves is left, and each verdict says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_evacuations import ALL, DAEMON, DAEMON_SETS, NOON, WEB, pod
from wharfinger.maintenance import rules
from wharfinger.maintenance.model import Owner, Pod
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

GONE = Owner("DaemonSet", "gone", "uid-gone")
STATEFUL = Owner("StatefulSet", "db", "uid-db")
PLAIN = Options()
DIRS = ("cache", "work")


def judged(found: Pod, options: Options = PLAIN) -> Verdict:
    return rules.judge(found, options, DAEMON_SETS, NOON)


def ago(seconds: float) -> Pod:
    return pod(deleted=NOON - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("found", "options", "outcome", "code"),
    [
        (pod(), PLAIN, "goes", "replaced"),
        (pod(owner=STATEFUL), PLAIN, "goes", "stateful-set"),
        (pod(phase="Pending", ready=False), PLAIN, "goes", "pending"),
        (pod(ready=False), PLAIN, "goes", "replaced"),
        (pod(phase="Unknown"), PLAIN, "goes", "replaced"),
        (ago(5), PLAIN, "goes", "ending"),
        (ago(-30), PLAIN, "goes", "ending"),
        (ago(21), Options(skip_wait_for_delete=20), "stays", "ending-too-long"),
        (ago(20.9), Options(skip_wait_for_delete=20), "goes", "ending"),
        (pod(), Options(skip_wait_for_delete=20), "goes", "replaced"),
        (
            replace(ago(21), owner=None),
            Options(skip_wait_for_delete=20),
            "stays",
            "ending-too-long",
        ),
        (replace(ago(5), owner=None), PLAIN, "blocks", "unmanaged"),
        (pod(owner=DAEMON), PLAIN, "blocks", "daemon-set"),
        (pod(owner=DAEMON), Options(force=True), "blocks", "daemon-set"),
        (pod(owner=DAEMON), Options(ignore_daemon_sets=True), "stays", "daemon-set"),
        (
            pod(owner=DAEMON, empty_dirs=DIRS),
            Options(ignore_daemon_sets=True),
            "stays",
            "daemon-set",
        ),
        (pod(owner=DAEMON, phase="Failed"), PLAIN, "goes", "finished"),
        (
            pod(owner=DAEMON, phase="Succeeded"),
            Options(ignore_daemon_sets=True),
            "goes",
            "finished",
        ),
        (pod(owner=DAEMON, mirror=True), PLAIN, "blocks", "daemon-set"),
        (pod(owner=replace(DAEMON, version="apps.kruise.io/v1alpha1")), PLAIN, "goes", "replaced"),
        (pod(owner=GONE), PLAIN, "blocks", "daemon-set-gone"),
        (pod(owner=GONE), Options(ignore_daemon_sets=True), "blocks", "daemon-set-gone"),
        (pod(owner=GONE), Options(force=True), "goes", "daemon-set-gone"),
        (pod(owner=GONE, empty_dirs=DIRS), Options(force=True), "blocks", "local-storage"),
        (pod(owner=GONE, empty_dirs=DIRS), ALL, "goes", "local-storage"),
        (pod(owner=GONE, phase="Failed"), PLAIN, "goes", "finished"),
        (pod(owner=None, mirror=True), PLAIN, "stays", "mirror"),
        (pod(owner=None, mirror=True, empty_dirs=DIRS), ALL, "stays", "mirror"),
        (pod(empty_dirs=DIRS), PLAIN, "blocks", "local-storage"),
        (pod(empty_dirs=DIRS), Options(force=True), "blocks", "local-storage"),
        (pod(empty_dirs=DIRS), Options(delete_empty_dir_data=True), "goes", "local-storage"),
        (pod(empty_dirs=DIRS, phase="Succeeded"), PLAIN, "goes", "finished"),
        (pod(owner=None), PLAIN, "blocks", "unmanaged"),
        (pod(owner=None), Options(force=True), "goes", "unmanaged"),
        (pod(owner=None, phase="Failed"), PLAIN, "goes", "finished"),
        (pod(owner=None, empty_dirs=DIRS), Options(force=True), "blocks", "local-storage"),
        (
            pod(owner=None, empty_dirs=DIRS),
            Options(delete_empty_dir_data=True),
            "blocks",
            "unmanaged",
        ),
        (pod(owner=None, empty_dirs=DIRS), ALL, "goes", "unmanaged"),
        (
            pod(owner=None),
            Options(pod_selector={"matchLabels": {"app": "db"}}),
            "stays",
            "not-selected",
        ),
        (
            pod(owner=None),
            Options(pod_selector={"matchLabels": {"app": "web"}}),
            "blocks",
            "unmanaged",
        ),
        (pod(), Options(pod_selector={}), "goes", "replaced"),
    ],
)
def test_a_pod_is_judged_by_what_it_is_and_the_flags(found, options, outcome, code):
    verdict = judged(found, options)

    assert (verdict.outcome, verdict.code) == (outcome, code)
    assert verdict.reason


def test_all_that_a_pod_loses_is_told():
    found = pod(owner=None, empty_dirs=DIRS, finalizers=("site.test/keep",))

    warning = judged(found, ALL).warning

    assert warning.split("; ") == [
        "the content of emptyDir cache, work is lost",
        "it does not come back",
        "it is not gone before finalizers are taken off: site.test/keep",
    ]


def test_a_daemon_set_of_another_namespace_does_not_count():
    found = pod(owner=DAEMON)
    elsewhere = replace(found, name=found.name._replace(namespace="q"))

    assert judged(elsewhere, Options(ignore_daemon_sets=True)).code == Code.DAEMON_SET_GONE


def test_a_pod_that_goes_as_it_should_is_told_without_a_warning():
    assert judged(pod()).warning == ""
    assert judged(pod(empty_dirs=DIRS, phase="Failed")).warning == ""


owners = st.sampled_from(
    [None, WEB, STATEFUL, DAEMON, GONE, Owner("Job", "once"), Owner("Node", "n1")]
)
phases = st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown", ""])
ages = st.none() | st.integers(-60, 60).map(lambda seconds: NOON - timedelta(seconds=seconds))
pods = st.builds(
    pod,
    owner=owners,
    phase=phases,
    ready=st.booleans(),
    mirror=st.booleans(),
    empty_dirs=st.sampled_from([(), DIRS]),
    deleted=ages,
    finalizers=st.sampled_from([(), ("site.test/keep",)]),
    labels=st.sampled_from([{}, {"app": "web"}, {"app": "db"}]),
)
options_of_drain = st.builds(
    Options,
    ignore_daemon_sets=st.booleans(),
    delete_empty_dir_data=st.booleans(),
    force=st.booleans(),
    skip_wait_for_delete=st.sampled_from([0.0, 1.0, 30.0]),
    pod_selector=st.sampled_from([None, {}, {"matchLabels": {"app": "web"}}]),
    disable_eviction=st.booleans(),
)


def by_kubectl(found: Pod, options: Options) -> Outcome:
    """The filters of `kubectl drain`, said once more: what they let pass is deleted."""
    if options.pod_selector and found.labels.get("app") != "web":
        return Outcome.STAYS
    finished = found.phase in ("Succeeded", "Failed")
    age = (NOON - found.deleted).total_seconds() if found.deleted is not None else 0
    if 0 < options.skip_wait_for_delete < age:
        return Outcome.STAYS
    if found.owner is not None and found.owner.kind == "DaemonSet" and not finished:
        if found.owner is DAEMON:
            return Outcome.STAYS if options.ignore_daemon_sets else Outcome.BLOCKS
        if not options.force:
            return Outcome.BLOCKS
    if found.mirror:
        return Outcome.STAYS
    if found.empty_dirs and not finished and not options.delete_empty_dir_data:
        return Outcome.BLOCKS
    if found.owner is None and not finished and not options.force:
        return Outcome.BLOCKS
    return Outcome.GOES


@given(pods, options_of_drain)
def test_kubectl_would_do_the_same(found, options):
    verdict = judged(found, options)

    assert verdict.outcome is by_kubectl(found, options)


@given(pods, options_of_drain)
def test_every_verdict_explains_itself(found, options):
    verdict = judged(found, options)

    assert verdict.code in set(Code)
    assert verdict.reason
    assert not verdict.reason.endswith(".")
    assert bool(verdict.remedy) == (verdict.outcome is Outcome.BLOCKS)
    assert not verdict.hopeless
