"""What streams, tags and imports may be, besides the recorded cases."""

import pytest

from wharfinger.cluster.kinds.openshift import stream_rules

DIGEST = "sha256:" + "ab" * 32


def told(errors):
    return [(error.field, error.message) for error in errors]


def stream(**spec):
    return {"metadata": {"namespace": "team", "name": "app"}, "spec": spec}


def test_namespace_and_name_have_to_fit_into_the_name_of_an_image():
    fits = {"metadata": {"namespace": "n" * 63, "name": "a" * 191}}
    long = {"metadata": {"namespace": "n" * 63, "name": "a" * 192}}

    assert stream_rules.stream(fits) == []
    (error,) = stream_rules.stream(long)
    assert "'namespace/name' cannot be longer than 255 characters" in error.message


def test_a_repository_is_named_without_tag_and_digest():
    errors = stream_rules.stream(stream(dockerImageRepository=f"hub.test/a/b:1@{DIGEST}"))

    assert [error.message.rpartition(": ")[2] for error in errors] == [
        "the repository name may not contain a tag",
        "the repository name may not contain an ID",
    ]


@pytest.mark.parametrize(
    ("tag", "field", "message"),
    [
        ({"from": {"kind": "DockerImage"}}, "from.name", "Required value"),
        ({"from": {"kind": "DockerImage", "name": "A"}}, "from.name", 'Invalid value: "A": repository name must be lowercase'),
        ({"from": {"name": "a"}}, "from.kind", "Required value: valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'"),
        ({"from": {"kind": "ImageStreamImage", "name": "a@b"}, "importPolicy": {"scheduled": True}}, "importPolicy.scheduled", "Invalid value: true: only tags pointing to Docker repositories may be scheduled for background import"),
        ({"referencePolicy": {"type": "Remote"}}, "referencePolicy.type", 'Invalid value: "Remote": valid values are "Source", "Local"'),
        ({"importPolicy": {"importMode": "All"}}, "importPolicy.importMode", "Invalid value: \"All\": invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'"),
    ],
)  # fmt: skip
def test_a_tag_of_the_spec_is_judged_at_its_place(tag, field, message):
    path = f"spec.tags[1].{field}"

    assert told(stream_rules.stream(stream(tags=[{"name": "1", **tag}]))) == [(path, message)]
    assert told(stream_rules.tag_reference(tag, "spec.tags[1]")) == [(path, message)]


def test_a_scheduled_tag_may_name_a_digest():
    tag = {
        "from": {"kind": "DockerImage", "name": f"hub.test/a@{DIGEST}"},
        "importPolicy": {"scheduled": True, "importMode": "PreserveOriginal"},
        "referencePolicy": {"type": "Local"},
    }
    assert list(stream_rules.tag_reference(tag, "tag")) == []


def test_an_event_that_cannot_be_read_is_refused():
    events = [{"dockerImageReference": "a///b"}, {}]
    obj = {**stream(), "status": {"tags": [{"tag": "1", "items": events}]}}

    assert [error.reason for error in stream_rules.stream(obj)] == [
        "FieldValueInvalid",
        "FieldValueRequired",
    ]


def test_annotations_of_a_stream_tag_stand_in_one_place():
    obj = {"metadata": {"annotations": {"a": "b"}}, "tag": {"annotations": {"a": "c"}}}

    assert [error.field for error in stream_rules.stream_tag(obj)] == ["tag.annotations"]
    assert stream_rules.stream_tag({**obj, "tag": {"annotations": {"a": "b"}}}) == []
    assert stream_rules.stream_tag({"metadata": {}}) == []


def test_of_a_stream_tag_only_the_tag_and_the_annotations_change():
    old = {"metadata": {"name": "app:1", "annotations": {"a": "b"}}, "tag": None, "image": {"x": 1}}
    new = {"metadata": {"name": "app:1"}, "tag": {"from": {}}, "lookupPolicy": {"local": True}}

    assert stream_rules.stream_tag_update(new, old) == []
    labelled = {**new, "metadata": {"name": "app:1", "labels": {"a": "b"}}}
    assert [error.field for error in stream_rules.stream_tag_update(labelled, old)] == ["metadata"]


def test_an_image_tag_says_its_own_tag():
    obj = {"metadata": {"name": "app:1"}, "spec": {"name": "2"}}

    assert [error.field for error in stream_rules.image_tag(obj)] == ["spec.name"]
    assert stream_rules.image_tag({**obj, "spec": {"name": "1"}}) == []


def test_an_import_may_name_nothing_for_old_clients_and_else_says_what_is_missing():
    def images(*entries):
        return {"metadata": {"name": "app"}, "spec": {"images": list(entries)}}

    star = {"from": {"kind": "DockerImage", "name": "*"}}
    assert stream_rules.stream_import(images(star)) == []
    unnamed = {"from": {"kind": "DockerImage", "name": "a"}, "to": {}}
    assert told(stream_rules.stream_import(images(unnamed))) == [
        (
            "spec.images[0].to.name",
            'Invalid value: "": the name of the target tag must be specified',
        )
    ]
    wrong = {"from": {"kind": "ImageStreamTag", "name": "a"}}
    assert told(stream_rules.stream_import(images(star, wrong))) == [
        (
            "spec.images[1].from.kind",
            'Invalid value: "ImageStreamTag": only DockerImage is supported',
        )
    ]
