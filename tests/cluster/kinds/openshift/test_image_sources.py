"""What may be written into streams, tags and imports under a list of registries."""

from wharfinger.cluster.kinds.openshift import image_sources
from wharfinger.oci.image_stream_names import INSECURE
from wharfinger.policy import import_list

ALLOWED = import_list.read(
    [{"domainName": "quay.io"}, {"domainName": "plain.test", "insecure": True}]
)


def stream(*, origins=(), events=(), repository="", annotations=None):
    return {
        "metadata": {"name": "app", "annotations": annotations or {}},
        "spec": {
            "dockerImageRepository": repository,
            "tags": [
                {"name": str(number), "from": {"kind": "DockerImage", "name": name}}
                for number, name in enumerate(origins)
            ],
        },
        "status": {"tags": [{"tag": "0", "items": [{"dockerImageReference": e} for e in events]}]},
    }


def fields(errors):
    assert all(error.reason == "FieldValueForbidden" for error in errors)
    return [error.field for error in errors]


def test_everything_that_a_new_stream_names_is_judged():
    new = stream(
        origins=["quay.io/a", "evil.test/a"], events=["evil.test/b"], repository="evil.test/c"
    )

    assert fields(image_sources.stream(new, ALLOWED)) == [
        "spec.dockerImageRepository",
        "spec.tags[1].from.name",
        "status.tags[0].items[0].dockerImageReference",
    ]
    assert image_sources.stream(new, None) == []


def test_what_a_stream_names_already_may_stay_and_move_to_another_tag():
    old = stream(origins=["evil.test/a:1"], events=["other.test/b@sha256:" + "ab" * 32])
    new = stream(origins=["evil.test/a:2", "other.test/b:7", "evil.test/x"])

    assert fields(image_sources.stream(new, ALLOWED, old)) == ["spec.tags[2].from.name"]
    assert image_sources.stream(old, ALLOWED, old) == []


def test_tags_of_other_streams_are_not_asked_about():
    new = stream()
    new["spec"]["tags"] = [{"name": "a", "from": {"kind": "ImageStreamTag", "name": "evil.test:a"}}]

    assert image_sources.stream(new, ALLOWED) == []


def test_an_insecure_stream_may_name_what_only_insecure_lines_cover():
    assert fields(image_sources.stream(stream(origins=["plain.test/a"]), ALLOWED))
    flagged = stream(origins=["plain.test/a"], annotations={INSECURE: "true"})
    assert image_sources.stream(flagged, ALLOWED) == []


def test_a_status_is_judged_by_what_was_not_in_it_to_the_letter():
    old = stream(events=["evil.test/a:1"])
    new = stream(events=["evil.test/a:1", "evil.test/a:2"])

    assert fields(image_sources.stream_status(new, ALLOWED, old)) == [
        "status.tags[0].items[1].dockerImageReference"
    ]
    assert image_sources.stream_status(new, None, old) == []


def test_a_tag_that_pointed_outside_may_go_on_to_do_so():
    def tag(name, kind="DockerImage"):
        return {"kind": "ImageStreamTag", "tag": {"from": {"kind": kind, "name": name}}}

    assert fields(image_sources.tag(tag("evil.test/a"), ALLOWED)) == ["tag.from.name"]
    assert image_sources.tag(tag("evil.test/a:2"), ALLOWED, tag("evil.test/a:1")) == []
    # A tag of another stream has nothing of the outside that could stay.
    old = tag("evil.test/a", "ImageStreamTag")
    assert fields(image_sources.tag(tag("evil.test/a"), ALLOWED, old)) == ["tag.from.name"]
    assert image_sources.tag({"kind": "ImageStreamTag"}, ALLOWED) == []
    image_tag = {
        "kind": "ImageTag",
        "spec": {"from": {"kind": "DockerImage", "name": "evil.test/a"}},
    }
    assert fields(image_sources.tag(image_tag, ALLOWED)) == ["spec.from.name"]


def test_an_import_says_host_and_port_of_what_it_may_not_fetch():
    def entry(name, *, insecure=False):
        return {
            "from": {"kind": "DockerImage", "name": name},
            "importPolicy": {"insecure": insecure},
        }

    spec = {"repository": entry("[::1]/a"), "images": [entry("quay.io/a"), entry("plain.test/a"), entry("plain.test/a", insecure=True), entry("a///b")]}  # fmt: skip
    errors = image_sources.stream_import({"spec": spec}, ALLOWED)

    assert fields(errors) == ["spec.repository.from.name", "spec.images[1].from.name"]
    assert 'importing images from registry "[::1]:443" is forbidden' in errors[0].message
    assert errors[0].hint.startswith("no line of allowedRegistriesForImport covers ")
    assert "allows port 80, not port 443; import from" in errors[1].hint
    assert 'importing images from registry "plain.test:443" is forbidden' in errors[1].message
    assert image_sources.stream_import({"spec": spec}, None) == []
