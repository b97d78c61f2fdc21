"""Jobs: they choose their own pods, hardly change, and say how far they are."""

import pytest

from wharfinger.cluster.kinds.workloads import JOB

UID = "6d1a"
OWN = {
    "batch.kubernetes.io/controller-uid": UID,
    "batch.kubernetes.io/job-name": "x",
    "controller-uid": UID,
    "job-name": "x",
}


@pytest.fixture
def job(workload):
    class JobWorkload(workload):
        """Without a selector, as users make jobs, and with pods that may end."""

        def made(self, spec=None, *, metadata=None, status=None, **pod):
            metadata = {"uid": UID, **(metadata or {})}
            pod = {"restartPolicy": "Never", **pod}
            spec = {"selector": ..., **(spec or {})}
            return super().made(spec, metadata=metadata, status=status, **pod)

    return JobWorkload(JOB)


def condition(name, status="True"):
    return {"conditions": [{"type": name, "status": status}]}


def test_a_job_chooses_its_own_pods(job):
    made = job.made()

    assert made["spec"]["template"]["metadata"]["labels"] == OWN | {"app": "a"}
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": UID}}
    assert made["metadata"]["labels"] == OWN | {"app": "a"}
    assert job.refused() == []


def test_labels_of_its_own_stay(job):
    assert job.made(metadata={"labels": {"own": "b"}})["metadata"]["labels"] == {"own": "b"}


def test_a_selector_that_is_given_needs_a_word(job):
    given = {"matchLabels": {"app": "a"}}

    manual = job.made({"selector": given, "manualSelector": True})
    assert manual["spec"]["selector"] == given
    assert "job-name" not in manual["spec"]["template"]["metadata"]["labels"]
    assert job.refused({"selector": given, "manualSelector": True}) == []
    assert job.refused({"manualSelector": True}) == [
        "spec.selector: Required value",
        (
            'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match '
            "template `labels`"
        ),
    ]
    of_another = {"matchLabels": {"batch.kubernetes.io/controller-uid": "other"}}
    assert any(
        "`selector` not auto-generated" in one for one in job.refused({"selector": of_another})
    )


def test_a_label_of_another_job_is_refused(job):
    template = job.template({"job-name": "other"}, restartPolicy="Never")

    (error,) = job.refused({"template": template})

    assert error.startswith("spec.template.metadata.labels: Invalid value:")
    assert error.endswith("must be 'x'")


@pytest.mark.parametrize(
    ("spec", "completed"),
    [
        ({}, {"completions": 1, "parallelism": 1, "backoffLimit": 6}),
        ({"parallelism": 2}, {"completions": None, "parallelism": 2, "backoffLimit": 6}),
        (
            {"completions": 0, "backoffLimit": 0},
            {"completions": 0, "parallelism": 1, "backoffLimit": 0},
        ),
        ({"backoffLimitPerIndex": 1}, {"backoffLimit": 2147483647}),
        ({}, {"completionMode": "NonIndexed", "suspend": False}),
        ({}, {"podReplacementPolicy": "TerminatingOrFailed"}),
        ({"podFailurePolicy": {"rules": []}}, {"podReplacementPolicy": "Failed"}),
    ],
)
def test_what_is_not_said_is_completed(job, spec, completed):
    found = job.made(spec)["spec"]

    assert {name: found.get(name) for name in completed} == completed


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"completions": -1},
            "spec.completions: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"completionMode": "Odd"},
            (
                'spec.completionMode: Unsupported value: "Odd": supported values: "NonIndexed", '
                '"Indexed"'
            ),
        ),
        (
            {"completionMode": "Indexed", "parallelism": 1},
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            {"completionMode": "Indexed", "completions": 1, "parallelism": 100001},
            (
                "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when "
                "completion mode is Indexed"
            ),
        ),
        (
            {"backoffLimitPerIndex": 1},
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            {"completionMode": "Indexed", "completions": 1, "maxFailedIndexes": 1},
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        ),
        (
            {"completionMode": "Indexed", "completions": 200000, "backoffLimitPerIndex": 1},
            "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
        ),
        (
            {"managedBy": "nobody"},
            (
                'spec.managedBy: Invalid value: "nobody": must be a domain-prefixed path (such as '
                '"acme.io/foo")'
            ),
        ),
        (
            {"podReplacementPolicy": "Soon"},
            (
                'spec.podReplacementPolicy: Unsupported value: "Soon": supported values: "Failed", '
                '"TerminatingOrFailed"'
            ),
        ),
    ],
)
def test_bad_specs_are_refused_in_known_words(job, spec, error):
    assert job.refused(spec) == [error]


def test_a_manager_is_a_path_behind_a_domain(job):
    assert job.refused({"managedBy": "example.com/jobs"}) == []
    assert job.refused({"managedBy": "EX/jobs"}) != []
    assert job.refused({"managedBy": "example.com/a b"}) != []
    assert job.refused({"managedBy": "example.com/" + "x" * 60}) != []
    assert job.refused({"managedBy": ""}) == ["spec.managedBy: Required value"]


def test_pods_of_a_job_end(job):
    assert job.refused(restartPolicy="OnFailure") == []
    assert job.refused(restartPolicy="Always") == [
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
    ]
    assert job.refused({"podFailurePolicy": {"rules": []}}, restartPolicy="OnFailure") == [
        (
            'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is '
            "supported when podFailurePolicy is specified"
        )
    ]


def test_the_names_of_numbered_pods_must_fit(job):
    spec = {"completionMode": "Indexed", "completions": 10}

    assert job.refused(spec) == []
    (error,) = job.refused(spec, metadata={"name": "a.b"})
    assert error == (
        'metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: '
        "a.b-9"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"completions": 2},
        {"completionMode": "Indexed"},
        {"managedBy": "example.com/x"},
        {"podFailurePolicy": {"rules": []}},
        {"backoffLimitPerIndex": 1},
    ],
)
def test_what_is_to_be_done_is_fixed(job, change):
    errors = job.changed(job.made(), job.made(change))

    (name,) = change
    assert [one for one in errors if one.startswith(f"spec.{name}: ")] != []
    assert all("field is immutable" in one for one in errors)


def test_how_it_is_done_can_change(job):
    new = {"parallelism": 5, "suspend": True, "backoffLimit": 1, "ttlSecondsAfterFinished": 1}

    assert job.changed(job.made({"completions": 1}), job.made({**new, "completions": 1})) == []


def test_numbers_can_be_added_together_with_pods(job):
    old = job.made({"completionMode": "Indexed", "completions": 2, "parallelism": 2})

    def grown(completions, parallelism):
        spec = {"completionMode": "Indexed", "completions": completions, "parallelism": parallelism}
        return job.changed(old, job.made(spec))

    assert grown(3, 3) == []
    assert grown(3, 2) == [
        "spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"
    ]


def test_pods_are_placed_anew_only_before_the_job_begins(job):
    placed = job.made({"suspend": False}, nodeSelector={"a": "b"}, affinity={"nodeAffinity": {}})
    renewed = job.made({"suspend": False}, priority=1)

    def changed(new, suspend, **status):
        return job.changed(job.made({"suspend": suspend}, status=status), new)

    assert changed(placed, suspend=True) == []
    assert len(changed(placed, suspend=False)) == 1
    assert len(changed(placed, suspend=True, startTime="2026-01-02T03:04:05Z")) == 1
    assert len(changed(renewed, suspend=True)) == 1


def test_a_status_must_add_up(job):
    assert job.refused(status={"active": 1, "ready": 2}) == [
        "status.ready: Invalid value: 2: cannot set more ready pods than active"
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "Running"),
        (condition("Complete"), "Complete"),
        (condition("Complete", "False"), "Running"),
        (condition("Failed"), "Failed"),
        (condition("Suspended"), "Suspended"),
        (condition("FailureTarget"), "FailureTarget"),
        (condition("SuccessCriteriaMet"), "SuccessCriteriaMet"),
    ],
)
def test_a_line_says_how_far_it_is(job, status, state):
    assert job.cells(job.made(status=status))["Status"] == state


def test_a_job_on_its_way_out_says_so_unless_it_has_ended(job):
    going = {"deletionTimestamp": "2026-01-02T03:04:05Z"}

    assert job.cells(job.made(metadata=going))["Status"] == "Terminating"
    assert job.cells(job.made(metadata=going, status=condition("Failed")))["Status"] == "Failed"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"completions": 3}, "2/3"),
        ({"parallelism": 5}, "2/1 of 5"),
        ({"parallelism": 1}, "2/1"),
    ],
)
def test_a_line_counts_pods_that_are_done(job, spec, told):
    assert job.cells(job.made(spec, status={"succeeded": 2}))["Completions"] == told


def test_a_line_says_how_long_it_took(job):
    start, end = "2026-01-02T03:00:00Z", "2026-01-02T03:00:09Z"

    assert job.cells(job.made())["Duration"] == ""
    assert job.cells(job.made(status={"startTime": start}))["Duration"] == "4m5s"
    ended = {"startTime": start, "completionTime": end}
    assert job.cells(job.made(status=ended))["Duration"] == "9s"


def test_lists_can_ask_for_success(job):
    assert JOB.selectable["status.successful"](job.made(status={"succeeded": 1})) == "1"
