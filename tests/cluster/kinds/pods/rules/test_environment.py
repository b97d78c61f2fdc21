"""Variables come from exactly one place."""

import pytest

WORDS = "a valid environment variable name must consist only of printable ASCII characters other than '='"
FIELD = {"fieldRef": {"fieldPath": "metadata.name"}}
SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "A"},
        {"name": "a.b-c d"},
        {"name": "A", "value": "x"},
        {"name": "A", "valueFrom": FIELD},
        {"name": "A", "valueFrom": SECRET},
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a.b/c']"}}},
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['A.B/c']"}}},
        {
            "name": "A",
            "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
        },
        {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}},
    ],
)
def test_a_good_variable_passes(judge, variable):
    assert judge({"env": [variable]}) == []


@pytest.mark.parametrize(
    ("variable", "error"),
    [
        ({}, "name: Required value"),
        ({"name": "A=B"}, f'name: Invalid value: "A=B": {WORDS}'),
        ({"name": "é"}, f'name: Invalid value: "é": {WORDS}'),
        (
            {"valueFrom": {}},
            (
                'valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, '
                "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            ),
        ),
        (
            {"valueFrom": FIELD, "value": "x"},
            'valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ),
        (
            {"valueFrom": FIELD | SECRET},
            'valueFrom: Invalid value: "": may not have more than one field specified at a time',
        ),
        ({"valueFrom": {"fieldRef": {}}}, "valueFrom.fieldRef.fieldPath: Required value"),
        (
            {"valueFrom": {"fieldRef": {"fieldPath": "metadata.foo"}}},
            (
                'valueFrom.fieldRef.fieldPath: Invalid value: "metadata.foo": error converting '
                "fieldPath: field label not supported: metadata.foo"
            ),
        ),
        (
            {"valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}},
            (
                'valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: '
                '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", '
                '"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", '
                '"status.podIPs"'
            ),
        ),
        (
            {"valueFrom": {"secretKeyRef": {"key": "k"}}},
            "valueFrom.secretKeyRef.name: Required value",
        ),
        (
            {"valueFrom": {"configMapKeyRef": {"name": "c"}}},
            "valueFrom.configMapKeyRef.key: Required value",
        ),
        (
            {"valueFrom": {"resourceFieldRef": {}}},
            "valueFrom.resourceFieldRef.resource: Required value",
        ),
        (
            {"valueFrom": {"resourceFieldRef": {"resource": "limits.gpu"}}},
            (
                'valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported '
                'values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", '
                '"requests.ephemeral-storage", "requests.memory"'
            ),
        ),
        (
            {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1k"}}},
            (
                'valueFrom.resourceFieldRef.divisor: Invalid value: "cpu": only divisor\'s values '
                "1m and 1 are supported with the cpu resource"
            ),
        ),
    ],
)
def test_a_variable_is_refused(judge, variable, error):
    name = {} if error.startswith("name") else {"name": "A"}

    assert judge({"env": [{**name, **variable}]}) == [f"containers[0].env[0].{error}"]


def test_a_label_that_cannot_be_is_refused(judge):
    path = "metadata.labels['a b']"

    (error,) = judge({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}]})

    assert error.startswith("containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value:")


@pytest.mark.parametrize(
    ("source", "errors"),
    [
        ({"secretRef": {"name": "s"}, "prefix": "A_"}, []),
        ({"configMapRef": {}}, ["envFrom[0].configMapRef.name: Required value"]),
        (
            {},
            ['envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
        ),
        (
            {"configMapRef": {"name": "c"}, "secretRef": {"name": "s"}},
            ['envFrom: Invalid value: "": may not have more than one field specified at a time'],
        ),
        (
            {"secretRef": {"name": "s"}, "prefix": "a="},
            [f'envFrom[0].prefix: Invalid value: "a=": {WORDS}'],
        ),
    ],
)
def test_many_variables_come_from_one_object(judge, source, errors):
    assert judge({"envFrom": [source]}) == [f"containers[0].{error}" for error in errors]
