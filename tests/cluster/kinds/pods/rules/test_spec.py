"""The fields of a pod as a whole."""

import pytest

from wharfinger.cluster.kinds.pods import POD


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"restartPolicy": "Often"},
            (
                'restartPolicy: Unsupported value: "Often": supported values: '
                '"Always", "OnFailure", "Never"'
            ),
        ),
        (
            {"dnsPolicy": "Mine"},
            (
                'dnsPolicy: Unsupported value: "Mine": supported values: '
                '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'
            ),
        ),
        (
            {"preemptionPolicy": "Now"},
            (
                'preemptionPolicy: Unsupported value: "Now": supported values: '
                '"PreemptLowerPriority", "Never"'
            ),
        ),
        (
            {"activeDeadlineSeconds": 0},
            "activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (
            {"hostAliases": [{"ip": "here"}]},
            (
                'hostAliases[0].ip: Invalid value: "here": '
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            ),
        ),
        (
            {"dnsPolicy": "None"},
            "dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            {"dnsPolicy": "None", "dnsConfig": {}},
            (
                "dnsConfig.nameservers: Required value: "
                "must provide at least one DNS nameserver when `dnsPolicy` is None"
            ),
        ),
        (
            {"dnsConfig": {"nameservers": ["10.0.0.1"] * 4}},
            (
                'dnsConfig.nameservers: Invalid value: ["10.0.0.1","10.0.0.1","10.0.0.1","10.0.0.1"]: '
                "must not have more than 3 nameservers"
            ),
        ),
        (
            {"dnsConfig": {"options": [{"value": "x"}]}},
            "dnsConfig.options[0]: Required value: must not be empty",
        ),
        (
            {"schedulingGates": [{"name": "a"}, {"name": "a"}]},
            'schedulingGates[1]: Duplicate value: "a"',
        ),
        (
            {"schedulingGates": [{"name": "a"}], "nodeName": "n"},
            "nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
        (
            {"resourceClaims": [{"name": "a"}, {"name": "a"}]},
            'resourceClaims[1].name: Duplicate value: "a"',
        ),
        (
            {"os": {"name": "dos"}},
            'os.name: Unsupported value: "dos": supported values: "linux", "windows"',
        ),
    ],
)
def test_a_field_is_refused(judge, fields, error):
    assert judge(**fields) == [error]


@pytest.mark.parametrize(
    "name",
    [
        "serviceAccountName",
        "nodeName",
        "priorityClassName",
        "runtimeClassName",
        "hostname",
        "subdomain",
    ],
)
def test_a_name_has_its_grammar(judge, name):
    (error,) = judge(**{name: "A b"})

    assert error.startswith(f'{name}: Invalid value: "A b": a lowercase RFC 1123')
    assert judge(**{name: "a-b"}) == []


def test_what_is_good_passes(judge):
    assert (
        judge(
            dnsPolicy="None",
            dnsConfig={"nameservers": ["fd00::1"], "searches": ["a.b.", "."]},
            hostAliases=[{"ip": "127.0.0.1", "hostnames": ["a.b"]}],
            readinessGates=[{"conditionType": "a.b/C"}],
            nodeSelector={"a": "b"},
            activeDeadlineSeconds=1,
            os={"name": "linux"},
        )
        == []
    )


def test_containers_for_debugging_are_not_there_from_the_start():
    pod = {"spec": {"ephemeralContainers": [{"name": "d", "image": "d"}]}}

    assert [f"{error.field}: {error.message}" for error in POD.validate_create(pod)] == [
        "spec.ephemeralContainers: Forbidden: cannot be set on create"
    ]
    assert POD.validate_create({"spec": {}}) == ()


def test_an_image_of_a_pod_has_no_space_around_it_but_a_template_may(judge):
    """OpenShift's tools put " " where a trigger fills an image in."""
    pod = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a", "image": " "}]}}
    POD.default(pod)

    assert judge({"image": " "}) == []
    assert [error.message for error in POD.validate(pod)] == [
        'Invalid value: " ": must not have leading or trailing whitespace'
    ]
