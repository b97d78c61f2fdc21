"""The recorded cases of what streams, images, tags, mappings and imports may be."""

import json
from pathlib import Path

import pytest

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError, Kind
from wharfinger.cluster.kinds.openshift import image_rules, image_sources, stream_rules
from wharfinger.oci.reference import ImageReference
from wharfinger.policy import import_list
from wharfinger.policy.import_list import Transport

DOCUMENT = json.loads(
    (Path(__file__).parents[3] / "vectors" / "imagestream_validation.json").read_text()
)
CASES = {case["id"]: case for case in DOCUMENT["cases"]}


DIFFERENT = {
    "layers-1": "ImageStreamLayers are answered and never sent, so nobody judges them",
    "layers-3": "ImageStreamLayers are answered and never sent, so nobody judges them",
}


def kind(*, namespaced, names):
    return Kind(
        group="image.openshift.io",
        version="v1",
        kind="Any",
        plural="any",
        singular="any",
        namespaced=namespaced,
        schema={},
        name_errors=names,
    )


STREAM = kind(namespaced=True, names=stream_rules.stream_name)
CLUSTER = kind(namespaced=False, names=validation.path_segment)


def metadata(of, given):
    """The rules of the metadata of every object, which the API judges before those of the kind."""
    obj = given["object"]
    errors = validation.metadata(of, obj)
    return [*errors, *validation.metadata_update(obj, given["old"])] if "old" in given else errors


def tag_update(given, allowed):
    obj, old = given["object"], given["old"]
    is_image_tag = given["op"] == "imageTagUpdate"
    form = stream_rules.image_tag if is_image_tag else stream_rules.stream_tag
    change = stream_rules.image_tag_update if is_image_tag else stream_rules.stream_tag_update
    return [*form(obj), *change(obj, old), *image_sources.tag(obj, allowed, old)]


def stream(given, allowed):
    obj = given["object"]
    sources = image_sources.stream(obj, allowed, given.get("old"))
    return [*metadata(STREAM, given), *stream_rules.stream(obj), *sources]


def of_registry(given, allowed):
    host, _, port = given["hostport"].rpartition(":")
    refusal = allowed.allowed(ImageReference(registry=f"{host}:{port}"), Transport.SECURE)
    return [] if refusal is None else [FieldError.forbidden("", refusal.text)]


def judged(rule, of):
    return lambda given, _: [*metadata(of, given), *rule(given["object"])]


def manifests(given, _):
    return image_rules.manifests(given["object"], given["path"])


def mapping(given, _):
    return image_rules.mapping(given["object"])


OPERATIONS = {
    "image": judged(image_rules.image, CLUSTER),
    "imageManifests": manifests,
    "imageSignature": judged(image_rules.signature, CLUSTER),
    "imageStream": stream,
    "imageStreamImport": judged(stream_rules.stream_import, STREAM),
    "imageStreamMapping": mapping,
    "imageStreamTagUpdate": tag_update,
    "imageStreamUpdate": stream,
    "imageTagUpdate": tag_update,
    "registryAllowedForImport": of_registry,
}


def message(error):
    """The recorded error as the text of our cause."""
    made = {
        "Invalid": lambda: FieldError.invalid("", error["value"], error["detail"]),
        "Required": lambda: FieldError.required("", error["detail"]),
        "Forbidden": lambda: FieldError.forbidden("", error["detail"]),
    }
    return made[error["type"]]().message


def place(error):
    return f"FieldValue{error['type']}", error["field"]


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case["id"])
def test_objects_are_judged_as_recorded(case):
    given, expected = case["input"], case["expect"]
    if case["id"] in DIFFERENT:
        assert given["op"] not in OPERATIONS
        return
    if given["op"] == "streamNameFormat":
        assert (stream_rules.stream_name(given["name"]) == []) == expected["valid"]
        return
    allowed = None
    if "whitelist" in given:
        allowed = import_list.read(given["whitelist"]).beside(given.get("internalRegistry", ""))
    found = list(OPERATIONS[given["op"]](given, allowed))
    if "errors" in expected:
        assert [(one.reason, one.field, one.message) for one in found] == [
            (*place(error), message(error)) for error in expected["errors"]
        ]
    elif "errorsOnly" in expected:
        assert {(one.reason, one.field) for one in found} == set(map(place, expected["errorsOnly"]))
    else:
        assert set(map(place, expected["errorsInclude"])) <= {
            (one.reason, one.field) for one in found
        }
