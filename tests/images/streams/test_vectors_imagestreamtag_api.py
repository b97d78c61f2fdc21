"""Recorded behaviour of stream tags and mappings: every case, or the reason why ours differs."""

import json
from pathlib import Path

import pytest

from wharfinger.cluster.errors import ObjectConflict, ObjectError, ObjectInvalid
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM, IMAGE_STREAM_TAG
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.subject import SYSTEM
from wharfinger.errors import WharfingerError
from wharfinger.images.streams import history, shown
from wharfinger.images.streams.history import Draft
from wharfinger.images.streams.streams import WHOLE
from wharfinger.images.streams.tags import ImageStreamTags

VECTORS = Path(__file__).parents[2] / "vectors" / "imagestreamtag_api.json"
CASES = json.loads(VECTORS.read_text())["cases"]
RECORDED = "sha256:4740c4ffa93b57ebbbc20e852592c532ed61bf25226f08333a76298ac62e4e72"
"""The digest of an image whose bytes are not recorded; one of ours stands for it."""

DIFFERENT = {
    "update-nostream-conflict": "a stream that somebody else makes meanwhile is looked at again",
    "retry-invalid": "what is invalid is told at once: trying again can mend nothing",
}


def of(*ops):
    found = [case for case in CASES if case["input"]["op"] in ops]
    return pytest.mark.parametrize("case", found, ids=[case["id"] for case in found])


class Failing:
    """Objects whose first writes of streams fail as the case says."""

    def __init__(self, objects, failures):
        self._objects, self._failures = objects, list(failures)

    def __getattr__(self, name):
        return getattr(self._objects, name)

    async def create(self, *arguments):
        self._fail()
        return await self._objects.create(*arguments)

    async def update(self, *arguments):
        self._fail()
        return await self._objects.update(*arguments)

    def _fail(self):
        failure = self._failures.pop(0) if self._failures else None
        if failure == "Conflict":
            raise ObjectConflict(IMAGE_STREAM.resource, "test")
        if failure == "Invalid":
            raise ObjectInvalid(IMAGE_STREAM, "test", (FieldError.required("spec"),))


async def store(dock, kind, obj):
    """Put an object there as it is recorded, though it might not be written so today."""
    metadata = {"uid": "recorded", "creationTimestamp": "2015-01-01T00:00:00Z", **obj["metadata"]}
    metadata.pop("resourceVersion", None)
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, **obj, "metadata": metadata}
    key = Key(kind.resource, metadata.get("namespace", ""), metadata["name"])
    await dock.cache.commit(Write(key, json.dumps(whole).encode(), 0))


async def run(dock, given):
    """What a client of tags is answered: an object, a list of names, or an error."""
    objects = Failing(dock.objects, given.get("streamWriteErrors", ()))
    endpoint = ImageStreamTags(objects, dock.registry, dock.streams)
    if given["op"] == "get":
        return await endpoint.get(SYSTEM, "default", given["name"])
    if given["op"] == "list":
        return (await endpoint.list(SYSTEM, None, ListOptions())).items
    if given["op"] == "delete":
        return await endpoint.delete(SYSTEM, "default", given["name"], DeleteOptions())
    obj = given["object"]
    if given["op"] == "create":
        return await endpoint.create(SYSTEM, "default", "", obj, Options())
    return await endpoint.update(SYSTEM, "default", obj["metadata"]["name"], obj, Options())


@of("get", "list", "delete", "create", "update", "singleUpdateAttempt")
async def test_tags_answer_as_recorded(dock, case):
    given, expected = case["input"], case["expect"]
    await dock.project("default")
    for stream in (*given.get("streams", ()), *filter(None, [given.get("stream")])):
        await store(dock, IMAGE_STREAM, stream)
    for image in given.get("images", ()):
        await store(dock, IMAGE, image)
    if "messageContains" in expected:
        # The version that is there is counted here, and not the recorded one.
        found = dock.cache.get(IMAGE_STREAM.resource, "default", "test")
        version = found["metadata"]["resourceVersion"]
        expected["messageContains"] = expected["messageContains"].replace("to 7", f"to {version}")
        given["object"]["metadata"]["resourceVersion"] = "999"

    answer = error = None
    try:
        answer = await run(dock, given)
    except WharfingerError as raised:
        error = raised

    if case["id"] == "update-nostream-conflict":
        assert error is None, DIFFERENT[case["id"]]
        return
    check(dock, given, expected, answer, error)


def check(dock, given, expected, answer, error):
    failed = expected.get("error") or "reason" in expected
    assert (error is not None) is bool(failed), error
    if error is not None:
        check_error(expected, error)
        return
    stream = dock.cache.get(IMAGE_STREAM.resource, "default", "test")
    if "names" in expected:
        assert [one["metadata"]["name"] for one in answer] == expected["names"]
    if "imageAnnotations" in expected:
        assert answer["image"]["metadata"]["annotations"] == expected["imageAnnotations"]
    for field in ("name", "namespace", "creationTimestamp"):
        if field in expected:
            assert answer["metadata"][field] == expected[field]
    if "imageDockerImageReference" in expected:
        assert answer["image"]["dockerImageReference"] == expected["imageDockerImageReference"]
    if given["op"] in ("create", "update", "singleUpdateAttempt"):
        written = history.spec_tag(stream, "tag")
        assert written["from"] == given["object"]["tag"]["from"]
        assert answer == shown.written_stream_tag(stream, "tag", lambda _: None)


def check_error(expected, error):
    kinds = {
        "BadRequest": "bad-request",
        "NotFound": "object-not-found",
        "Conflict": "object-conflict",
        "AlreadyExists": "object-exists",
    }
    if "reason" in expected:
        assert error.code == kinds[expected["reason"]]
    if "message" in expected:
        assert error.message == expected["message"]
    assert expected.get("messageContains", "") in error.message
    if expected.get("kind") == IMAGE_STREAM_TAG.kind:
        assert (error.kind_name, error.name) == (IMAGE_STREAM_TAG.kind, expected["name"])
    elif "kind" in expected:
        assert isinstance(error, ObjectError)
        assert (error.resource.resource, error.name) == (expected["kind"], expected["name"])


async def test_what_is_invalid_is_tried_once(dock):
    case = next(one for one in CASES if one["id"] == "retry-invalid")
    await dock.project("default")
    await store(dock, IMAGE_STREAM, case["input"]["stream"])
    objects = Failing(dock.objects, ["Invalid"])
    endpoint = ImageStreamTags(objects, dock.registry, dock.streams)

    with pytest.raises(ObjectInvalid):
        await endpoint.update(SYSTEM, "default", "test:tag", case["input"]["object"], Options())


@of("createMapping")
async def test_mappings_answer_as_recorded(dock, case, monkeypatch):
    given, expected = case["input"], case["expect"]
    await dock.project("default")
    name = given.get("stream", "somerepo")
    await dock.make_stream(f"default/{name}")
    digest, reference = RECORDED, "elsewhere.test/some/image"
    if (existing := given.get("existingImage")) is not None:
        digest = str(await dock.push("team/somerepo", "1"))
        reference = existing["dockerImageReference"].replace(RECORDED, digest)
        place = reference.partition("/")[2].replace("someproject", "team")
        reference = f"localhost:5000/{place}"
        found = {**dock.known(digest), "dockerImageReference": reference}
        await dock.objects.update(IMAGE, "", digest, found, SYSTEM)
    moves = given.get("tagChangedMeanwhile")
    if given.get("statusUpdateErrors"):
        monkeypatch.setattr(dock.records, "update", once_in_conflict(dock, moves))
    image = {"metadata": {"name": digest}, "dockerImageReference": reference}
    mapping = {"metadata": {"name": name}, "tag": given.get("tag", "latest"), "image": image}

    error = None
    try:
        await dock.endpoints["imagestreammappings"].create(
            SYSTEM, "default", "", mapping, Options()
        )
    except WharfingerError as raised:
        error = raised

    assert (error.code if error else "") == ("object-conflict" if "reason" in expected else "")
    if expected.get("imageStored"):
        assert dock.known(digest)["dockerImageReference"] == reference
    if "storedImageReference" in expected:
        assert dock.known(digest)["dockerImageReference"] == reference
    if "head" in expected:
        head = history.latest(dock.stream(f"default/{name}"), "latest")
        assert head["image"] == digest
        if "dockerImageReference" in expected["head"]:
            wanted = expected["head"]["dockerImageReference"].replace(
                "<internalRegistry>", dock.host
            )
            assert head["dockerImageReference"] == wanted.replace(RECORDED, digest)
    if given.get("existingImage"):
        assert str(await dock.pulled(f"default/{name}", "latest")) == digest


def once_in_conflict(dock, moves):
    """An update of streams that fails once, after somebody else has perhaps moved the tag."""
    update, failed = dock.records.update, []

    async def changed(*arguments, **options):
        if not failed:
            failed.append(True)
            stream = dock.stream("default/somerepo")
            new = {**stream, "metadata": {**stream["metadata"], "labels": {"a": "b"}}}
            if moves:
                draft = Draft(new)
                draft.move("latest", {"dockerImageReference": "quay.io/x", "image": "sha256:other"})
                new = draft.object
            await update(WHOLE, "default", "somerepo", new, SYSTEM)
        return await update(*arguments, **options)

    return changed


def test_every_case_is_run():
    ops = {
        "get", "list", "delete", "create", "update", "singleUpdateAttempt", "createMapping",
    }  # fmt: skip

    assert {case["input"]["op"] for case in CASES} == ops
    assert set(DIFFERENT) <= {case["id"] for case in CASES}
