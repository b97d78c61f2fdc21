"""Build configs and builds: completed, judged, and patched as `oc set build-secret` does."""

import pytest

from wharfinger.cluster.errors import ObjectInvalid
from wharfinger.cluster.kinds.openshift import BUILD, BUILD_CONFIG
from wharfinger.cluster.kinds.openshift.builds import NOT_BUILT
from wharfinger.cluster.options import Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM

BASE = {"kind": "DockerImage", "name": "quay.test/base:1"}
SPEC = {
    "source": {"git": {"uri": "https://git.test/shop.git"}},
    "strategy": {"dockerStrategy": {"from": BASE}},
    "output": {"to": {"kind": "DockerImage", "name": "registry.test:5000/p/shop:1"}},
}


@pytest.fixture
async def project(world):
    await world.project()
    return world


async def test_types_follow_from_what_is_given(project):
    made = await project.make(BUILD_CONFIG, "shop", spec=SPEC)

    assert made["spec"]["source"]["type"] == "Git"
    assert made["spec"]["strategy"]["type"] == "Docker"
    assert made["spec"]["runPolicy"] == "Serial"
    assert made["status"] == {"lastVersion": 0}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (
            {"spec": {"strategy": {"dockerStrategy": {"pullSecret": {"name": "quay"}}}}},
            ("strategy", "dockerStrategy", "pullSecret"),
        ),
        ({"spec": {"output": {"pushSecret": {"name": "quay"}}}}, ("output", "pushSecret")),
        ({"spec": {"source": {"sourceSecret": {"name": "quay"}}}}, ("source", "sourceSecret")),
    ],
)
async def test_set_build_secret_sets_and_removes_a_secret(project, document, path):
    await project.make(BUILD_CONFIG, "shop", spec=SPEC)

    async def patch(document):
        changed = await project.objects.patch(
            BUILD_CONFIG, "p", "shop", PatchType.STRATEGIC, document, SYSTEM
        )
        found = changed["spec"]
        for part in path[:-1]:
            found = found[part]
        return found.get(path[-1])

    assert await patch(document) == {"name": "quay"}
    removal = None
    for part in reversed(("spec", *path)):
        removal = {part: removal}
    assert await patch(removal) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"strategy": {}}, "spec.strategy"),
        (
            {"strategy": {"dockerStrategy": {}, "sourceStrategy": {"from": BASE}}},
            "spec.strategy",
        ),
        ({"strategy": {"sourceStrategy": {}}}, "spec.strategy.sourceStrategy.from"),
        (
            {"strategy": {"dockerStrategy": {"from": {"kind": "Image", "name": "x"}}}},
            "spec.strategy.dockerStrategy.from.kind",
        ),
        (
            {"strategy": {"dockerStrategy": {"pullSecret": {}}}},
            "spec.strategy.dockerStrategy.pullSecret.name",
        ),
        (
            {"strategy": {"customStrategy": {"from": BASE, "secrets": [{"secretSource": {}}]}}},
            "spec.strategy.customStrategy.secrets[0].secretSource.name",
        ),
        ({"output": {"pushSecret": {"name": ""}}}, "spec.output.pushSecret.name"),
        ({"output": {"to": {"kind": "DockerImage", "name": "A B"}}}, "spec.output.to.name"),
        ({"output": {"to": {"kind": "ImageStreamTag", "name": "shop"}}}, "spec.output.to.name"),
        ({"output": {"to": {"kind": "ImageStreamImage", "name": "x"}}}, "spec.output.to.kind"),
        ({"source": {"git": {"uri": ""}}}, "spec.source.git.uri"),
        ({"source": {"type": "Svn"}}, "spec.source.type"),
        ({"source": {"secrets": [{"secret": {}}]}}, "spec.source.secrets[0].secret.name"),
        ({"source": {"images": [{"from": {}}]}}, "spec.source.images[0].from.name"),
        ({"runPolicy": "Sometimes"}, "spec.runPolicy"),
        ({"triggers": [{"type": "Moon"}]}, "spec.triggers[0].type"),
        ({"triggers": [{"type": "GitHub", "generic": {}}]}, "spec.triggers[0].generic"),
        ({"failedBuildsHistoryLimit": -1}, "spec.failedBuildsHistoryLimit"),
        ({"completionDeadlineSeconds": 0}, "spec.completionDeadlineSeconds"),
    ],
)
async def test_what_cannot_be_built_is_refused(project, change, field):
    with pytest.raises(ObjectInvalid) as refusal:
        await project.make(BUILD_CONFIG, "shop", spec=SPEC | change)

    assert field in [cause.field for cause in refusal.value.causes]


async def test_a_build_says_that_nothing_runs_it(project):
    made = await project.make(BUILD, "shop-1", spec=SPEC, status={"phase": "Complete"})

    assert made["status"] == {"phase": "New", "reason": "NothingBuilds", "message": NOT_BUILT}


async def test_whoever_builds_tells_how_it_went_and_changes_nothing_else(project):
    made = await project.make(BUILD, "shop-1", spec=SPEC)
    told = {
        **made,
        "spec": {**made["spec"], "revision": {"type": "Git"}, "serviceAccount": "eve"},
        "status": {"phase": "Complete"},
    }
    changed = await project.objects.update(
        BUILD, "p", "shop-1", told, SYSTEM, Options(), subresource="details"
    )
    assert changed["status"]["phase"] == "Complete"
    assert changed["spec"]["revision"] == {"type": "Git"}
    assert "serviceAccount" not in changed["spec"]

    other = {**changed, "spec": {**changed["spec"], "serviceAccount": "eve"}}
    with pytest.raises(ObjectInvalid, match="immutable"):
        await project.objects.update(BUILD, "p", "shop-1", other, SYSTEM)
    with pytest.raises(ObjectInvalid, match=r"status\.phase"):
        await project.objects.update(
            BUILD, "p", "shop-1", {**changed, "status": {"phase": "Odd"}}, SYSTEM, Options(),
            subresource="status",
        )  # fmt: skip
