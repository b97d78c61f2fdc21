"""What kubectl makes of its own accord arrives as protobuf, and is read as what it meant."""

import pytest

from wharfinger.cluster import protobuf
from wharfinger.cluster.kinds import SERVED
from wharfinger.cluster.kinds.shapes import Record
from wharfinger.cluster.kinds.wire import FIELDS, workloads
from wharfinger.cluster.kinds.workloads import (
    COMPUTED,
    CRON_JOB,
    DEPLOYMENT,
    JOB,
    POD_DISRUPTION_BUDGET,
    STORED,
)

# What kubectl 1.35 sent for `create deployment d --image=i:1 --replicas=0`, `create job j --image=i:1
# -- sh -c x`, `create cronjob c --image=i:1 --schedule='*/5 * * * *'` and `create pdb b
# --selector=a=b` with `--min-available=25%` and with `--max-unavailable=1`, all in namespace p.
NO_NAMES = b'\x12\x00\x1a\x00"\x00*\x002\x008\x00B\x00'
NAMES = b'\x12\x00\x1a\x01p"\x00*\x002\x008\x00B\x00'
CONTAINER = b"*\x00B\x00j\x00r\x00\x80\x01\x00\x88\x01\x00\x90\x01\x00\xa2\x01\x00"
POD = b"2\x00B\x00J\x00R\x00X\x00`\x00h\x00\x82\x01\x00\x8a\x01\x00\x9a\x01\x00\xc2\x01\x00"
RECORDED = [
    (
        DEPLOYMENT,
        b"k8s\x00\n\x15\n\x07apps/v1\x12\nDeployment\x12\x9e\x01\n\x1c\n\x01d"
        + NAMES
        + b"Z\x08\n\x03app\x12\x01d\x12p\x08\x00\x12\n\n\x08\n\x03app\x12\x01d\x1aX\n\x1a\n\x00"
        + NO_NAMES
        + b"Z\x08\n\x03app\x12\x01d\x12:\x12\x1c\n\x01i\x12\x03i:1"
        + CONTAINER
        + b"\x1a\x00"
        + POD
        + b'"\x02\n\x00(\x008\x00\x1a\x0c\x08\x00\x10\x00\x18\x00 \x00(\x008\x00\x1a\x00"\x00',
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d", "namespace": "p", "labels": {"app": "d"}},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "d"}},
                "template": {
                    "metadata": {"labels": {"app": "d"}},
                    "spec": {"containers": [{"name": "i", "image": "i:1", "resources": {}}]},
                },
                "strategy": {},
            },
            "status": {},
        },
    ),
    (
        JOB,
        b"k8s\x00\n\x0f\n\x08batch/v1\x12\x03Job\x12\x80\x01\n\x12\n\x01j"
        + NAMES
        + b"\x12`2^\n\x10\n\x00"
        + NO_NAMES
        + b"\x12J\x12'\n\x01j\x12\x03i:1\x1a\x02sh\x1a\x02-c\x1a\x01x"
        + CONTAINER
        + b"\x1a\x05Never"
        + POD
        + b'\x1a\x08 \x00(\x000\x00:\x00\x1a\x00"\x00',
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "j", "namespace": "p"},
            "spec": {
                "template": {
                    "metadata": {},
                    "spec": {
                        "containers": [
                            {
                                "name": "j",
                                "image": "i:1",
                                "command": ["sh", "-c", "x"],
                                "resources": {},
                            }
                        ],
                        "restartPolicy": "Never",
                    },
                }
            },
            "status": {},
        },
    ),
    (
        CRON_JOB,
        b"k8s\x00\n\x13\n\x08batch/v1\x12\x07CronJob\x12\x97\x01\n\x12\n\x01c"
        + NAMES
        + b"\x12\x7f\n\x0b*/5 * * * *\x1a\x00*n\n\x11\n\x01c"
        + NO_NAMES
        + b"\x12Y2W\n\x10\n\x00"
        + NO_NAMES
        + b"\x12C\x12\x1c\n\x01c\x12\x03i:1"
        + CONTAINER
        + b"\x1a\tOnFailure"
        + POD
        + b'\x1a\x00\x1a\x00"\x00',
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "c", "namespace": "p"},
            "spec": {
                "schedule": "*/5 * * * *",
                "jobTemplate": {
                    "metadata": {"name": "c"},
                    "spec": {
                        "template": {
                            "metadata": {},
                            "spec": {
                                "containers": [{"name": "c", "image": "i:1", "resources": {}}],
                                "restartPolicy": "OnFailure",
                            },
                        }
                    },
                },
            },
            "status": {},
        },
    ),
    (
        POD_DISRUPTION_BUDGET,
        b"k8s\x00\n \n\tpolicy/v1\x12\x13PodDisruptionBudget\x127\n\x12\n\x01b"
        + NAMES
        + b"\x12\x15\n\t\x08\x01\x10\x00\x1a\x0325%\x12\x08\n\x06\n\x01a\x12\x01b"
        + b'\x1a\n\x08\x00\x18\x00 \x00(\x000\x00\x1a\x00"\x00',
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "b", "namespace": "p"},
            "spec": {"minAvailable": "25%", "selector": {"matchLabels": {"a": "b"}}},
            "status": {
                "disruptionsAllowed": 0,
                "currentHealthy": 0,
                "desiredHealthy": 0,
                "expectedPods": 0,
            },
        },
    ),
    (
        POD_DISRUPTION_BUDGET,
        b"k8s\x00\n \n\tpolicy/v1\x12\x13PodDisruptionBudget\x124\n\x12\n\x01b"
        + NAMES
        + b"\x12\x12\x12\x08\n\x06\n\x01a\x12\x01b\x1a\x06\x08\x00\x10\x01\x1a\x00"
        + b'\x1a\n\x08\x00\x18\x00 \x00(\x000\x00\x1a\x00"\x00',
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "b", "namespace": "p"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "maxUnavailable": 1},
            "status": {
                "disruptionsAllowed": 0,
                "currentHealthy": 0,
                "desiredHealthy": 0,
                "expectedPods": 0,
            },
        },
    ),
]


@pytest.mark.parametrize(
    ("kind", "body", "obj"), RECORDED, ids=lambda one: getattr(one, "kind", "")
)
def test_what_kubectl_sent_is_what_it_meant(kind, body, obj):
    assert protobuf.decode(body, kind.schema) == obj


@pytest.mark.parametrize("kind", [*STORED, *COMPUTED], ids=lambda kind: kind.kind)
def test_every_field_has_its_number(kind):
    lacking = [
        f"{record.model}.{name}"
        for record in records(kind.schema)
        if record.model in workloads.ORDER
        for name in record["properties"]
        if name not in ("apiVersion", "kind")
        and name not in {field.name for field in FIELDS[record.model].values()}
    ]

    assert lacking == []


@pytest.mark.parametrize("kind", [*STORED, *COMPUTED], ids=lambda kind: kind.kind)
def test_every_model_has_numbers(kind):
    assert [record.model for record in records(kind.schema) if record.model not in FIELDS] == []


def test_every_number_is_that_of_a_field():
    known = {
        record.model: record["properties"] for kind in SERVED for record in records(kind.schema)
    }

    strange = [
        f"{model}.{field.name}"
        for model in workloads.ORDER
        for field in FIELDS[model].values()
        if field.name not in known.get(model, {})
    ]

    assert strange == []


def records(schema):
    """All records in a schema, itself among them."""
    if isinstance(schema, Record):
        yield schema
    for below in (
        *schema.get("properties", {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ):
        if isinstance(below, dict):
            yield from records(below)
