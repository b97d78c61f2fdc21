import pytest

from made_reviews import build, containers, pod
from wharfinger.policy.imagepolicy import places
from wharfinger.policy.imagepolicy.paths import ImagePath, KindPaths
from wharfinger.policy.imagepolicy.resources import Resource

WIDGETS = Resource("example.test", "widgets")


def paths(*texts, target=WIDGETS):
    return [KindPaths(target, tuple(ImagePath.parse(text) for text in texts))]


def found(obj, group="", resource="pods", also=()):
    return [(one.field, one.reference.name) for one in places.images(group, resource, obj, also)]


def test_a_pod_has_images_in_all_its_containers_and_volumes():
    obj = pod("b")
    obj["spec"] |= {
        "ephemeralContainers": containers("c"),
        "initContainers": containers("a"),
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "image": {"reference": "d"}}],
    }

    assert found(obj) == [
        ("spec.initContainers[0].image", "a"),
        ("spec.containers[0].image", "b"),
        ("spec.ephemeralContainers[0].image", "c"),
        ("spec.volumes[1].image.reference", "d"),
    ]


@pytest.mark.parametrize(
    ("group", "resource", "path"),
    [
        ("", "podtemplates", "template"),
        ("", "replicationcontrollers", "spec.template"),
        ("apps", "daemonsets", "spec.template"),
        ("apps", "deployments", "spec.template"),
        ("apps", "replicasets", "spec.template"),
        ("apps", "statefulsets", "spec.template"),
        ("extensions", "deployments", "spec.template"),
        ("apps.openshift.io", "deploymentconfigs", "spec.template"),
        ("", "deploymentconfigs", "spec.template"),
        ("batch", "jobs", "spec.template"),
        ("batch", "cronjobs", "spec.jobTemplate.spec.template"),
    ],
)
def test_a_template_is_found_in(group, resource, path):
    obj = {"spec": {"containers": containers("a")}}
    for key in reversed(path.split(".")):
        obj = {key: obj}

    assert found(obj, group, resource) == [(f"{path}.spec.containers[0].image", "a")]


def test_a_build_has_sources_and_the_image_of_its_strategy():
    obj = build("ImageStreamTag", "ruby:2", namespace="openshift")
    obj["spec"]["source"] = {
        "images": [{"from": {"kind": "DockerImage", "name": "a"}}, {"paths": []}]
    }

    for resource in ("builds", "buildconfigs"):
        assert found(obj, "build.openshift.io", resource) == [
            ("spec.source.images[0].from.name", "a"),
            ("spec.strategy.dockerStrategy.from.name", "ruby:2"),
        ]


def test_containers_added_by_the_old_kind_of_the_subresource_are_found():
    obj = {"kind": "EphemeralContainers", "ephemeralContainers": containers("a")}

    assert found(obj) == [("ephemeralContainers[0].image", "a")]


def test_configured_paths_find_images_of_any_kind():
    obj = {"spec": {"image": "a", "jobs": [{"steps": [{"image": "b"}, {}]}, {}], "none": None}}

    also = paths("spec.image", "spec.jobs[*].steps[*].image", "spec.none", "absent.x")

    assert places.known(WIDGETS, also)
    assert not places.known(WIDGETS)
    assert found(obj, *WIDGETS, also) == [
        ("spec.image", "a"),
        ("spec.jobs[0].steps[0].image", "b"),
    ]


def test_a_configured_path_adds_to_what_is_known():
    obj = pod("a", annotations={"image": "b"})
    also = paths(
        "metadata.annotations.image", "spec.containers[*].image", target=Resource("", "pods")
    )

    assert found(obj, also=also) == [
        ("spec.containers[0].image", "a"),
        ("metadata.annotations.image", "b"),
    ]


MALFORMED = [
    ({"spec": "x"}, "spec", "must be an object"),
    ({"spec": {"containers": {}}}, "spec.containers", "must be a list"),
    ({"spec": {"containers": "x"}}, "spec.containers", "must be a list"),
    ({"spec": {"initContainers": [None]}}, "spec.initContainers[0]", "must be an object"),
    ({"spec": {"volumes": ["x"]}}, "spec.volumes[0]", "must be an object"),
    ({"spec": {"volumes": [{"image": "x"}]}}, "spec.volumes[0].image", "must be an object"),
    *(
        ({"spec": {"containers": containers(wrong)}}, "spec.containers[0].image", "name of an")
        for wrong in (None, 7, True, [], ["a"], {"a": 1})
    ),
    ({"spec": {"containers": [{"name": ["a"]}]}}, "spec.containers[0].image", "name of an"),
]


@pytest.mark.parametrize(("obj", "field", "fault"), MALFORMED)
def test_what_cannot_be_read_in_a_pod_is_a_fault_at_its_place(obj, field, fault):
    (place,) = places.images("", "pods", obj)

    assert place.field == field
    assert fault in place.fault


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ("x", ["spec.source", "spec.strategy"]),
        ({"source": [], "strategy": 1}, ["spec.source", "spec.strategy"]),
        ({"source": {"images": {}}}, ["spec.source.images"]),
        ({"source": {"images": [1]}}, ["spec.source.images[0]"]),
        ({"strategy": {"dockerStrategy": "x"}}, ["spec.strategy.dockerStrategy"]),
        ({"strategy": {"sourceStrategy": {"from": "x"}}}, ["spec.strategy.sourceStrategy.from"]),
        (
            {"strategy": {"sourceStrategy": {"from": {"kind": 1}}}},
            ["spec.strategy.sourceStrategy.from.name"],
        ),
    ],
)
def test_what_cannot_be_read_in_a_build_is_a_fault_at_its_place(spec, fields):
    images = places.images("build.openshift.io", "builds", {"spec": spec})

    assert [one.field for one in images] == fields
    assert all(one.fault for one in images)


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        ({"spec": {"jobs": {}}}, "spec.jobs"),
        ({"spec": {"jobs": [7]}}, "spec.jobs[0]"),
        ({"spec": []}, "spec"),
        ({"spec": {"jobs": [{"image": 7}]}}, "spec.jobs[0].image"),
    ],
)
def test_what_a_configured_path_cannot_follow_is_a_fault(obj, field):
    (place,) = places.images(*WIDGETS, obj, paths("spec.jobs[*].image"))

    assert place.field == field
    assert place.fault


@pytest.mark.parametrize(
    "empty", [{}, {"spec": None}, {"spec": {}}, {"spec": {"containers": None}}]
)
def test_nothing_is_no_fault(empty):
    assert places.images("", "pods", empty) == []
    assert places.images("apps", "deployments", empty) == []
    assert places.images("build.openshift.io", "builds", empty) == []


def changed(new, old, group="", resource="pods", also=()):
    return [one.reference.name for one in places.changed(group, resource, new, old, also)]


def test_an_update_visits_what_it_changes():
    old = pod("a", "b")
    new = pod("a", "x")
    new["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "a"}]

    assert changed(new, old) == ["x", "a"]


def test_a_container_is_compared_with_the_first_of_its_name():
    old = {"spec": {"initContainers": [{"name": "a", "image": "x"}]}}
    new = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}]}}

    assert changed(new, old) == ["y"]


def test_a_volume_and_a_container_of_one_name_are_not_compared():
    old = {"spec": {"containers": [{"name": "a", "image": "x"}]}}
    new = {"spec": {"volumes": [{"name": "a", "image": {"reference": "x"}}]}}

    assert changed(new, old) == ["x"]


def test_a_build_source_is_compared_with_its_namespace_and_kind():
    source = {"kind": "ImageStreamTag", "name": "a:1", "namespace": "x"}
    old = {"spec": {"source": {"images": [{"from": source}]}}}
    new = {"spec": {"source": {"images": [{"from": source | {"namespace": "y"}}]}}}

    assert changed(new, old, "build.openshift.io", "builds") == ["a:1"]
    assert changed(old, old, "build.openshift.io", "builds") == []


def test_a_configured_image_is_compared_with_all_of_its_path():
    old = {"spec": {"jobs": [{"image": "a"}, {"image": "b"}]}}
    new = {"spec": {"jobs": [{"image": "b"}, {"image": "c"}, {"image": "a"}]}}

    assert changed(new, old, *WIDGETS, paths("spec.jobs[*].image")) == ["c"]


def test_a_fault_is_visited_though_nothing_changed():
    broken = pod(None)

    assert len(places.changed("", "pods", broken, broken)) == 1


@pytest.mark.parametrize("where", ["object", "template"])
def test_names_are_resolved_for_an_annotation(where):
    def deployment(value):
        annotations = {"annotations": {places.RESOLVE_NAMES: value}}
        own, template = (annotations, {}) if where == "object" else ({}, annotations)
        spec = {"template": {"metadata": template, "spec": {"containers": containers("a")}}}
        return {"metadata": own, "spec": spec}

    assert places.resolves_names("apps", "deployments", deployment("*"))
    assert not places.resolves_names("apps", "deployments", deployment("true"))
    assert changed(deployment("*"), deployment(""), "apps", "deployments") == ["a"]
    assert changed(deployment("*"), deployment("*"), "apps", "deployments") == []


@pytest.mark.parametrize("metadata", [None, 1, [], {"annotations": 1}, {"annotations": None}])
def test_annotations_that_cannot_be_read_ask_for_nothing(metadata):
    assert not places.resolves_names("", "pods", {"metadata": metadata})


def test_rewriting_shares_what_it_does_not_touch():
    obj = pod("a", "b")

    new = places.rewritten(obj, {("spec", "containers", 1, "image"): "x"})

    assert [one["image"] for one in new["spec"]["containers"]] == ["a", "x"]
    assert obj == pod("a", "b")
    assert new["metadata"] is obj["metadata"]
    assert new["spec"]["containers"][0] is obj["spec"]["containers"][0]
