import pytest

from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import SYSTEM, Subject
from wharfinger.images.importing import endpoint
from wharfinger.images.importing.outcome import CHECKED
from wharfinger.oci.digest import Digest
from wharfinger.policy import import_list
from wharfinger.remote.errors import HttpOnly, ManifestAbsent, NoAnswer, OutOfReach

ADA = Subject("ada")


def conditions(stream, tag):
    (history,) = [one for one in stream["status"]["tags"] if one["tag"] == tag]
    return history.get("conditions")


async def test_an_image_comes_into_a_new_stream(harbour):
    digest = harbour.upstream.push("1", labels={"team": "harbour"})

    status = await harbour.take("hub.test/up/app:1")

    (image,) = status["images"]
    assert image["status"]["status"] == "Success"
    assert image["tag"] == "1"
    assert image["image"]["dockerImageReference"] == f"hub.test/up/app@{digest}"
    assert harbour.dock.tags("team/app") == {"1": [str(digest)]}
    assert status["import"] == harbour.stream
    assert CHECKED in harbour.stream["metadata"]["annotations"]
    (tag,) = harbour.stream["spec"]["tags"]
    assert tag["from"] == {"kind": "DockerImage", "name": "hub.test/up/app:1"}
    assert tag["generation"] == harbour.stream["metadata"]["generation"] == 1
    kept = harbour.dock.known(digest)
    assert kept["dockerImageMetadata"]["Config"]["Labels"] == {"team": "harbour"}
    assert "dockerImageManifest" not in kept


async def test_nothing_is_stored_for_one_who_only_looks(harbour):
    digest = harbour.upstream.push("1")

    looked = await harbour.take("hub.test/up/app:1", stores=False)
    spec = {"import": True, "images": [looked_at("hub.test/up/app:1")]}
    dry = await harbour.post(spec, options=Options(dry_run=True))

    assert looked["images"][0]["image"]["metadata"]["name"] == str(digest)
    assert dry["status"]["images"][0]["status"]["status"] == "Success"
    assert "import" not in looked
    assert harbour.stream is None
    assert harbour.dock.known(digest) is None


def looked_at(name):
    return {"from": {"kind": "DockerImage", "name": name}}


async def test_a_manifest_is_shown_to_who_wants_it(harbour, wanted):
    digest = harbour.upstream.push("1")

    status = await harbour.take(wanted("hub.test/up/app:1", includeManifest=True))

    shown = status["images"][0]["image"]["dockerImageManifest"]
    assert Digest.of(shown.encode()) == digest


async def test_a_broken_tag_stands_beside_good_ones(harbour):
    harbour.upstream.push("1")
    harbour.upstream.push("3")

    status = await harbour.take(*(f"hub.test/up/app:{n}" for n in (1, 2, 3)))

    assert [one["status"]["status"] for one in status["images"]] == [
        "Success",
        "Failure",
        "Success",
    ]
    assert status["images"][1]["status"]["reason"] == "NotFound"
    assert sorted(harbour.dock.tags("team/app")) == ["1", "2", "3"]
    (condition,) = conditions(harbour.stream, "2")
    assert condition["type"] == "ImportSuccess"
    assert condition["message"] == 'dockerimage.image.openshift.io "hub.test/up/app:2" not found'
    assert conditions(harbour.stream, "1") is None


async def test_a_repository_comes_up_to_the_limit(open_harbour):
    harbour = await open_harbour(max_images=2)
    for tag in ("1.0", "2.0", "latest", "x"):
        harbour.upstream.push(tag)
    del harbour.upstream.manifests[harbour.upstream.tags["2.0"]]

    answer = await harbour.post({"import": True, "repository": looked_at("hub.test/up/app")})

    told = answer["status"]["repository"]
    assert [one["tag"] for one in told["images"]] == ["latest", "2.0"]
    assert told["additionalTags"] == ["1.0", "x"]
    assert told["status"]["reason"] == "ImportFailed"
    assert sorted(harbour.dock.tags("team/app")) == ["2.0", "latest"]


async def test_nothing_is_written_if_nothing_changed(harbour):
    harbour.upstream.push("1")
    await harbour.take("hub.test/up/app:1")
    before = harbour.stream
    harbour.dock.tick()

    await harbour.take("hub.test/up/app:1")

    assert harbour.stream["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


async def test_a_tag_that_moved_has_both_images(harbour):
    first = harbour.upstream.push("1", labels={"n": "1"})
    await harbour.take("hub.test/up/app:1")
    second = harbour.upstream.push("1", labels={"n": "2"})
    await harbour.take("hub.test/up/app:1")

    assert harbour.dock.tags("team/app") == {"1": [str(second), str(first)]}


async def test_an_index_is_kept_with_its_images_if_asked_for(harbour, wanted):
    upstream = harbour.upstream
    arm, amd = upstream.put_image(architecture="arm64"), upstream.put_image()
    index = upstream.tags["1"] = upstream.put_index((arm, "arm64"), (amd, "amd64"))

    preserve = {"importPolicy": {"importMode": "PreserveOriginal"}}
    await harbour.take(wanted("hub.test/up/app:1", **preserve))

    assert harbour.dock.tags("team/app") == {"1": [str(index)]}
    assert all(harbour.dock.known(one) for one in (index, arm, amd))


async def test_a_tag_may_prefer_a_platform(harbour):
    upstream = harbour.upstream
    s390, amd = upstream.put_image(architecture="s390x"), upstream.put_image()
    upstream.tags["1"] = upstream.put_index((amd, "amd64"), (s390, "s390x"))
    annotations = {"importer.image.openshift.io/prefer-arch": "s390x"}
    source = {"kind": "DockerImage", "name": "hub.test/up/app:1"}
    await harbour.dock.make_stream(
        "team/app", tags=[{"name": "1", "from": source, "annotations": annotations}]
    )

    await harbour.take("hub.test/up/app:1")

    assert harbour.dock.tags("team/app") == {"1": [str(s390)]}


async def test_the_stream_must_be_the_one_that_the_request_is_about(harbour):
    harbour.upstream.push("1")
    await harbour.take("hub.test/up/app:1")
    found = harbour.stream["metadata"]
    spec = {"import": True, "images": [looked_at("hub.test/up/app:1")]}

    with pytest.raises(ObjectConflict, match='updated from "999999" to'):
        await harbour.post(spec, resourceVersion="999999")
    with pytest.raises(ObjectNotFound):
        await harbour.post(spec, uid="another")
    with pytest.raises(ObjectNotFound):
        await harbour.post(spec, name="other", resourceVersion="1")
    await harbour.post(spec, resourceVersion=found["resourceVersion"], uid=found["uid"])


async def test_a_request_that_asks_for_nothing_or_too_much_is_refused(harbour):
    with pytest.raises(ObjectInvalid, match="at least one image"):
        await harbour.post({"import": True})
    many = [looked_at("hub.test/up/app:1")] * (endpoint.MOST_IMAGES + 1)
    with pytest.raises(ObjectInvalid, match="Too many"):
        await harbour.post({"import": True, "images": many})
    assert harbour.asked == 0


async def test_the_list_of_the_site_is_asked_before_any_registry(open_harbour):
    allowed = import_list.read([{"domainName": "quay.io"}])
    harbour = await open_harbour(allowed=allowed)
    spec = {"import": True, "images": [looked_at("hub.test/up/app:1")]}

    with pytest.raises(ObjectInvalid, match="importing images from registry") as refused:
        await harbour.post(spec, subject=ADA)
    assert refused.value.causes[0].field == "spec.images[0].from.name"
    assert 'from registry "hub.test:443" is forbidden' in refused.value.message
    assert '"registry.test:5000", "quay.io:443"' in refused.value.message
    assert harbour.asked == 0


@pytest.mark.parametrize("resource", ["images", "imagestreammapping"])
async def test_who_may_create_images_may_import_from_everywhere(open_harbour, resource):
    harbour = await open_harbour(allowed=import_list.read([{"domainName": "quay.io"}]))
    harbour.upstream.push("1")
    rule = {"apiGroups": ["image.openshift.io"], "resources": [resource], "verbs": ["create"]}
    objects = harbour.dock.objects
    role = {"metadata": {"name": "importer"}, "rules": [rule]}
    await objects.create(CLUSTER_ROLE, "", role, SYSTEM)
    api = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "importer"},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "importer"},
        "subjects": [{"apiGroup": api, "kind": "User", "name": "ada"}],
    }
    await objects.create(CLUSTER_ROLE_BINDING, "", binding, SYSTEM)

    answer = await harbour.post(
        {"import": True, "images": [looked_at("hub.test/up/app:1")]}, subject=ADA
    )

    assert answer["status"]["images"][0]["status"]["status"] == "Success"


async def test_the_flag_of_a_request_alone_makes_no_import_insecure(harbour, wanted):
    insecure = wanted("hub.test/up/app:1", importPolicy={"insecure": True})

    with pytest.raises(ObjectInvalid, match="insecurely is forbidden"):
        await harbour.post({"import": True, "images": [insecure]})
    assert harbour.asked == 0


@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        (ManifestAbsent("hub.test", "no"), "NotFound", "not found"),
        (HttpOnly("hub.test", "no TLS"), "BadRequest", "is HTTP only and requires"),
        (OutOfReach("hub.test", "it is inside"), "Forbidden", "registry hub.test blocked"),
        (NoAnswer("hub.test", "no connection"), "InternalError", "no connection"),
    ],
)
async def test_what_failed_is_told_for_each_image(harbour, fault, reason, words):
    harbour.upstream.fault = fault

    (image,) = (await harbour.take("hub.test/up/app:1"))["images"]

    assert image["status"]["reason"] == reason
    assert words in image["status"]["message"]


async def test_certificates_that_cannot_be_had_fail_each_image(harbour):
    harbour.upstream.push("1")
    await harbour.dock.make_stream("team/app")
    annotations = {"wharfinger.dev/ca-bundle": "none"}
    named = {
        **harbour.stream,
        "metadata": {**harbour.stream["metadata"], "annotations": annotations},
    }
    await harbour.dock.streams.apply("team", "app", lambda _: named, subject=SYSTEM, create=False)

    (image,) = (await harbour.take("hub.test/up/app:1"))["images"]

    assert "cannot find the config map 'none'" in image["status"]["message"]
    assert harbour.asked == 0


async def test_entries_that_are_no_images_elsewhere_are_refused(harbour):
    spec = {"import": True, "images": [{"from": {"kind": "ImageStreamTag", "name": "a:b"}}]}

    with pytest.raises(ObjectInvalid, match="only DockerImage is supported"):
        await harbour.post(spec)
