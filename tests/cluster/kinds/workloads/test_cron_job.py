"""Cron jobs: when which jobs are to be made."""

import pytest

from wharfinger.cluster.kinds.workloads import CRON_JOB, cron_job

PODS = {"containers": [{"name": "one", "image": "reg/one:1"}], "restartPolicy": "OnFailure"}


@pytest.fixture
def cron(workload):
    class Cron(workload):
        def made(self, spec=None, *, metadata=None, status=None, job=None):
            template = {"spec": {"template": {"spec": PODS}, **(job or {})}}
            spec = {"schedule": "0 6 * * *", "jobTemplate": template, **(spec or {})}
            return self.completed(
                {"metadata": {"name": "x", **(metadata or {})}, "spec": spec}, status
            )

    return Cron(CRON_JOB)


def test_what_is_not_said_is_completed(cron):
    spec = cron.made()["spec"]

    assert spec["concurrencyPolicy"] == "Allow"
    assert spec["suspend"] is False
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 1)
    job = spec["jobTemplate"]["spec"]
    assert job["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
    assert "completions" not in job
    assert "selector" not in job
    assert cron.refused() == []


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"schedule": ""}, "spec.schedule: Required value"),
        (
            {"schedule": "0 25 * * *"},
            'spec.schedule: Invalid value: "0 25 * * *": end of range (25) above maximum (23): 25',
        ),
        (
            {"schedule": "TZ=UTC 0 6 * * *"},
            (
                'spec.schedule: Invalid value: "TZ=UTC 0 6 * * *": cannot use TZ or CRON_TZ in '
                "schedule, use timeZone field instead"
            ),
        ),
        (
            {"concurrencyPolicy": "Queue"},
            (
                'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", '
                '"Forbid", "Replace"'
            ),
        ),
        (
            {"startingDeadlineSeconds": -1},
            "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"timeZone": ""},
            'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string',
        ),
        (
            {"timeZone": "Local"},
            (
                'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as '
                "defined in https://www.iana.org/time-zones"
            ),
        ),
        (
            {"timeZone": "../etc"},
            'spec.timeZone: Invalid value: "../etc": unknown time zone ../etc',
        ),
    ],
)
def test_bad_specs_are_refused_in_known_words(cron, spec, error):
    assert cron.refused(spec) == [error]


def test_time_zones_are_those_of_the_host(cron, monkeypatch):
    monkeypatch.setattr(cron_job, "_zones", lambda: frozenset({"Europe/Berlin"}))

    assert cron.refused({"timeZone": "Europe/Berlin"}) == []
    assert cron.refused({"timeZone": "Europe/Atlantis"}) != []


def test_a_host_without_time_zones_refuses_only_what_cannot_be_one(cron, monkeypatch):
    monkeypatch.setattr(cron_job, "_zones", frozenset)

    assert cron.refused({"timeZone": "Europe/Berlin"}) == []
    assert cron.refused({"timeZone": "Europe//Berlin"}) != []


def test_the_server_makes_the_selector_of_each_job(cron):
    assert cron.refused(job={"selector": {}}) == [
        "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated"
    ]
    assert cron.refused(job={"manualSelector": True}) == [
        (
            "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "
            '"nil", "false"'
        )
    ]


def test_jobs_that_may_not_be_may_not_be_made(cron):
    assert cron.refused(job={"backoffLimit": -1}) == [
        (
            "spec.jobTemplate.spec.backoffLimit: Invalid value: -1: must be greater than or equal "
            "to 0"
        )
    ]


def test_the_name_leaves_room_for_a_time(cron):
    assert cron.refused(metadata={"name": "x" * 52}) == []
    assert cron.refused(metadata={"name": "x" * 53}) == [
        f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters'
    ]


def test_a_line_says_when(cron):
    status = {"active": [{"name": "x-1"}], "lastScheduleTime": "2026-01-02T03:03:05Z"}

    assert cron.cells(
        cron.made({"timeZone": "Etc/UTC", "suspend": True}, status=status), wide=True
    ) == {
        "Name": "x",
        "Schedule": "0 6 * * *",
        "Timezone": "Etc/UTC",
        "Suspend": "True",
        "Active": 1,
        "Last Schedule": "60s",
        "Age": "<unknown>",
        "Containers": "one",
        "Images": "reg/one:1",
        "Selector": "<none>",
    }
    plain = cron.cells(cron.made())
    assert (plain["Timezone"], plain["Suspend"], plain["Last Schedule"]) == (
        "<none>",
        "False",
        "<none>",
    )
