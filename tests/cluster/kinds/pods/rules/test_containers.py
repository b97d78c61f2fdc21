"""Containers are judged in the words of Kubernetes."""

import pytest

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
    "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def test_a_good_container_passes(judge):
    assert judge() == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, "containers[0].name: Required value"),
        ({"name": "A b"}, f'containers[0].name: Invalid value: "A b": {LABEL}'),
        ({"image": ""}, "containers[0].image: Required value"),
        (
            {"imagePullPolicy": "Sometimes"},
            (
                'containers[0].imagePullPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "IfNotPresent", "Never"'
            ),
        ),
        (
            {"terminationMessagePolicy": "Shout"},
            (
                'containers[0].terminationMessagePolicy: Invalid value: "Shout": '
                "must be 'File' or 'FallbackToLogsOnError'"
            ),
        ),
        ({"ports": [{}]}, "containers[0].ports[0].containerPort: Required value"),
        (
            {"ports": [{"containerPort": 65536}]},
            (
                "containers[0].ports[0].containerPort: Invalid value: 65536: "
                "must be between 1 and 65535, inclusive"
            ),
        ),
        (
            {"ports": [{"containerPort": 1, "hostPort": -1}]},
            (
                "containers[0].ports[0].hostPort: Invalid value: -1: "
                "must be between 1 and 65535, inclusive"
            ),
        ),
        (
            {"ports": [{"containerPort": 1, "protocol": "tcp"}]},
            (
                'containers[0].ports[0].protocol: Unsupported value: "tcp": '
                'supported values: "SCTP", "TCP", "UDP"'
            ),
        ),
        (
            {"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]},
            'containers[0].ports[1].name: Duplicate value: "a"',
        ),
        (
            {"ports": [{"containerPort": 1, "name": "much-too-long-a-name"}]},
            (
                'containers[0].ports[0].name: Invalid value: "much-too-long-a-name": '
                "must be no more than 15 characters"
            ),
        ),
        (
            {"ports": [{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]},
            'containers[0].ports[1].hostPort: Duplicate value: "TCP//9"',
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            'containers[0].volumeMounts[0].name: Not found: "v"',
        ),
        (
            {"volumeMounts": [{"name": "e"}]},
            "containers[0].volumeMounts[0].mountPath: Required value",
        ),
        (
            {"volumeMounts": [{"mountPath": "/"}]},
            "containers[0].volumeMounts[0].name: Required value",
        ),
        (
            {"volumeMounts": [{"name": "e", "mountPath": "/e"}] * 2},
            'containers[0].volumeMounts[1].mountPath: Invalid value: "/e": must be unique',
        ),
        (
            {"volumeMounts": [{"name": "e", "mountPath": "/e", "subPath": "/x"}]},
            'containers[0].volumeMounts[0].subPath: Invalid value: "/x": must be a relative path',
        ),
        (
            {"volumeMounts": [{"name": "e", "mountPath": "/e", "subPath": "a/../.."}]},
            (
                'containers[0].volumeMounts[0].subPath: Invalid value: "a/../..": '
                "must not contain '..'"
            ),
        ),
        (
            {
                "volumeMounts": [
                    {"name": "e", "mountPath": "/e", "subPath": "a", "subPathExpr": "b"}
                ]
            },
            (
                'containers[0].volumeMounts[0].subPathExpr: Invalid value: "b": '
                "subPathExpr and subPath are mutually exclusive"
            ),
        ),
        (
            {
                "volumeMounts": [
                    {"name": "e", "mountPath": "/e", "mountPropagation": "Bidirectional"}
                ]
            },
            (
                "containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount "
                "propagation is available only to privileged containers"
            ),
        ),
        (
            {"volumeDevices": [{"name": "e", "devicePath": "/dev/x"}]},
            (
                'containers[0].volumeDevices[0].name: Invalid value: "e": can only use volume source '
                "type of PersistentVolumeClaim or Ephemeral for block mode"
            ),
        ),
    ],
)
def test_a_container_is_refused(judge, fields, error):
    assert judge(fields, volumes=[{"name": "e", "emptyDir": {}}]) == [error]


def test_a_volume_is_a_directory_or_a_device(judge):
    both = {
        "volumeMounts": [{"name": "c", "mountPath": "/c"}],
        "volumeDevices": [{"name": "c", "devicePath": "/dev/c"}],
    }

    assert judge(both, volumes=[{"name": "c", "persistentVolumeClaim": {"claimName": "c"}}]) == [
        (
            'containers[0].volumeMounts[0].name: Invalid value: "c": '
            "must not already exist in volumeDevices"
        )
    ]


def test_a_pod_needs_a_container(judge):
    assert judge(containers=[]) == ["containers: Required value"]


def test_names_are_unique_among_all_containers(judge):
    found = judge(
        initContainers=[{"name": "a", "image": "a"}],
        ephemeralContainers=[{"name": "a", "image": "a"}],
    )

    assert found == [
        'initContainers[0].name: Duplicate value: "a"',
        'ephemeralContainers[0].name: Duplicate value: "a"',
    ]


def test_what_runs_before_the_others_is_not_asked_how_it_is(judge):
    probe = {"exec": {"command": ["x"]}}
    found = {"name": "b", "image": "b", "livenessProbe": probe, "lifecycle": {}}
    detail = "Forbidden: may not be set for init containers without restartPolicy=Always"

    assert judge(initContainers=[found]) == [
        f"initContainers[0].lifecycle: {detail}",
        f"initContainers[0].livenessProbe: {detail}",
    ]
    assert judge(initContainers=[{**found, "restartPolicy": "Always"}]) == []


def test_a_container_for_debugging_has_no_ports_and_no_amounts(judge):
    debugger = {
        "name": "d",
        "image": "d",
        "ports": [{"containerPort": 1}],
        "resources": {"limits": {"cpu": "1"}},
        "targetContainerName": "nobody",
    }

    assert judge(ephemeralContainers=[debugger]) == [
        "ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        "ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container",
        'ephemeralContainers[0].targetContainerName: Not found: "nobody"',
    ]
