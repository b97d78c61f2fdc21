"""Deployment configs: completed, judged, honest, and patched as `oc set volume` does."""

import pytest

from wharfinger.cluster.errors import ObjectInvalid
from wharfinger.cluster.kinds.openshift import DEPLOYMENT_CONFIG
from wharfinger.cluster.kinds.openshift.deployments import NOT_DEPLOYED
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM

LABELS = {"app": "registry"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {
        "containers": [
            {
                "name": "registry",
                "image": "registry.test/registry:1",
                "volumeMounts": [{"name": "registry-storage", "mountPath": "/registry"}],
            }
        ],
        "volumes": [{"name": "registry-storage", "emptyDir": {}}],
    },
}
TAG = {"kind": "ImageStreamTag", "name": "registry:1"}


@pytest.fixture
async def project(world):
    await world.project()
    return world


async def test_what_is_not_said_follows(project):
    made = await project.make(DEPLOYMENT_CONFIG, "registry", spec={"template": TEMPLATE})
    spec = made["spec"]

    assert spec["selector"] == LABELS
    assert spec["triggers"] == [{"type": "ConfigChange"}]
    assert (spec["strategy"]["type"], spec["replicas"]) == ("Rolling", 0)
    assert spec["strategy"]["rollingParams"]["maxSurge"] == "25%"
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


async def test_it_says_that_nothing_deploys_it(project):
    made = await project.make(DEPLOYMENT_CONFIG, "registry", spec={"template": TEMPLATE})

    assert made["status"]["replicas"] == 0
    told = {one["type"]: (one["status"], one["message"]) for one in made["status"]["conditions"]}
    assert told == {
        "Available": ("False", NOT_DEPLOYED),
        "Progressing": ("False", NOT_DEPLOYED),
    }
    (changed,) = {one["lastTransitionTime"] for one in made["status"]["conditions"]}
    assert changed == made["metadata"]["creationTimestamp"]


async def test_set_volume_adds_and_replaces_volumes(project):
    await project.make(DEPLOYMENT_CONFIG, "registry", spec={"template": TEMPLATE})
    pod = {
        "volumes": [
            {"name": "registry-storage", "$retainKeys": ["hostPath", "name"],
             "hostPath": {"path": "/srv"}, "emptyDir": None},
            {"name": "certificates", "secret": {"secretName": "registry-certificates"}},
        ],
        "containers": [
            {
                "name": "registry",
                "volumeMounts": [{"name": "certificates", "mountPath": "/etc/secrets"}],
            }
        ],
    }  # fmt: skip
    changed = await project.objects.patch(
        DEPLOYMENT_CONFIG,
        "p",
        "registry",
        PatchType.STRATEGIC,
        {"spec": {"template": {"spec": pod}}},
        SYSTEM,
    )

    spec = changed["spec"]["template"]["spec"]
    volumes = {one["name"]: one for one in spec["volumes"]}
    assert volumes["registry-storage"]["hostPath"]["path"] == "/srv"
    assert "emptyDir" not in volumes["registry-storage"]
    assert volumes["certificates"]["secret"]["secretName"] == "registry-certificates"
    (container,) = spec["containers"]
    assert container["image"] == "registry.test/registry:1"
    assert {one["mountPath"] for one in container["volumeMounts"]} == {"/registry", "/etc/secrets"}
    assert changed["metadata"]["generation"] == 2


async def test_it_is_scaled(project):
    await project.make(DEPLOYMENT_CONFIG, "registry", spec={"template": TEMPLATE})
    scale = project.endpoints["deploymentconfigs/scale"]
    found = await scale.get(SYSTEM, "p", "registry")

    assert found["spec"] == {"replicas": 0}
    assert found["status"]["selector"] == "app=registry"


async def test_an_image_that_a_tag_fills_need_not_be_named(project):
    template = {**TEMPLATE, "spec": {"containers": [{"name": "registry", "image": " "}]}}
    trigger = {
        "type": "ImageChange",
        "imageChangeParams": {"containerNames": ["registry"], "from": TAG},
    }
    spec = {"template": template, "triggers": [trigger]}
    made = await project.make(DEPLOYMENT_CONFIG, "registry", spec=spec)

    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == " "


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"template": None}, "spec.template"),
        ({"replicas": -1}, "spec.replicas"),
        ({"selector": {"app": "other"}}, "spec.template.metadata.labels"),
        ({"template": {"spec": TEMPLATE["spec"]}}, "spec.selector"),
        ({"strategy": {"type": "Hope"}}, "spec.strategy.type"),
        ({"strategy": {"type": "Custom"}}, "spec.strategy.customParams"),
        (
            {"strategy": {"rollingParams": {"maxSurge": "many"}}},
            "spec.strategy.rollingParams.maxSurge",
        ),
        ({"triggers": [{"type": "Moon"}]}, "spec.triggers[0].type"),
        ({"triggers": [{"type": "ImageChange"}]}, "spec.triggers[0].imageChangeParams"),
        (
            {
                "triggers": [
                    {
                        "type": "ImageChange",
                        "imageChangeParams": {"from": TAG, "containerNames": ["x"]},
                    }
                ]
            },
            "spec.triggers[0].imageChangeParams.containerNames[0]",
        ),
        (
            {"template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}},
            "spec.template.spec.restartPolicy",
        ),
        (
            {"template": {**TEMPLATE, "spec": {"containers": [{"name": "registry"}]}}},
            "spec.template.spec.containers[0].image",
        ),
    ],
)
async def test_what_cannot_be_deployed_is_refused(project, change, field):
    with pytest.raises(ObjectInvalid) as refusal:
        await project.make(DEPLOYMENT_CONFIG, "registry", spec={"template": TEMPLATE} | change)

    assert field in [cause.field for cause in refusal.value.causes]
