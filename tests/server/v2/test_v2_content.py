import json

import pytest

from wharfinger.oci import manifest, media_types
from wharfinger.oci.digest import Digest

NAME = "team/app"
DATA = bytes(range(256)) * 5_000
CONFIG = b"{}"


def blob(digest, name=NAME):
    return f"/v2/{name}/blobs/{digest}"


def manifest_path(reference, name=NAME):
    return f"/v2/{name}/manifests/{reference}"


async def test_a_blob_is_read_whole(client):
    digest = await client.push_blob(NAME, DATA)

    answer = await client("GET", blob(digest))

    assert answer.status == 200
    assert answer.body == DATA
    assert answer.headers["docker-content-digest"] == str(digest)
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.headers["accept-ranges"] == "bytes"


async def test_the_head_of_a_blob_tells_its_length_and_sends_nothing(client):
    digest = await client.push_blob(NAME, DATA)

    answer = await client("HEAD", blob(digest))

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))


async def test_the_empty_blob_is_read(client):
    digest = await client.push_blob(NAME, b"")

    assert (await client("GET", blob(digest))).status == 200


async def test_a_file_is_sent_by_the_server_if_the_store_has_one(open_on_disk):
    client = open_on_disk()
    digest = await client.push_blob(NAME, DATA)

    assert (await client("GET", blob(digest))).sent_file.endswith(digest.hex)
    assert (await client("GET", blob(digest), headers={"range": "bytes=1-"})).sent_file is None
    await client.registry.close()


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, len(DATA)),
        ("bytes=-7", len(DATA) - 7, len(DATA)),
        ("bytes=0-", 0, len(DATA)),
        (f"bytes=1000000-{len(DATA) * 2}", 1_000_000, len(DATA)),
    ],
)
async def test_one_range_of_a_blob_is_read(client, header, start, stop):
    digest = await client.push_blob(NAME, DATA)

    answer = await client("GET", blob(digest), headers={"range": header})

    assert answer.status == 206
    assert answer.body == DATA[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"


async def test_cve_2025_62727_many_ranges_give_the_whole(client):
    digest = await client.push_blob(NAME, DATA)

    answer = await client("GET", blob(digest), headers={"range": "bytes=" + "0-," * 50_000 + "0-"})

    assert (answer.status, answer.body) == (200, DATA)


async def test_a_range_outside_a_blob_is_refused_with_its_size(client):
    digest = await client.push_blob(NAME, b"abc")

    answer = await client("GET", blob(digest), headers={"range": "bytes=3-"})

    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */3"


async def test_a_range_holds_only_for_the_content_it_was_asked_of(client):
    digest = await client.push_blob(NAME, b"abc")
    ranged = {"range": "bytes=0-0"}

    same = await client("GET", blob(digest), headers=ranged | {"if-range": f'"{digest}"'})
    other = await client("GET", blob(digest), headers=ranged | {"if-range": '"x"'})

    assert (same.status, other.status) == (206, 200)


async def test_content_that_the_client_has_is_not_sent_again(client):
    digest = await client.push_image(NAME)
    config = await client.push_blob(NAME, CONFIG)

    for path, known in ((manifest_path("latest"), digest), (blob(config), config)):
        answer = await client("GET", path, headers={"if-none-match": f'"{known}"'})
        assert (answer.status, answer.body) == (304, b"")


async def test_a_blob_of_another_repository_is_unknown(client):
    digest = await client.push_blob("team/other", DATA)
    await client.push_blob(NAME, b"something")

    answer = await client("GET", blob(digest))

    assert (answer.status, answer.code) == (404, "BLOB_UNKNOWN")


async def test_a_blob_of_an_absent_repository_is_an_unknown_name(client):
    answer = await client("GET", blob(Digest.of(DATA)))

    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


async def test_cve_2026_35172_a_blob_deleted_in_one_repository_stays_in_the_other(client):
    for name in (NAME, "team/other"):
        digest = await client.push_blob(name, DATA)
        assert (await client("GET", blob(digest, name))).status == 200

    assert (await client("DELETE", blob(digest))).status == 202

    assert (await client("GET", blob(digest, "team/other"))).body == DATA
    for method in ("GET", "HEAD", "DELETE"):
        assert (await client(method, blob(digest))).status == 404


async def test_a_blob_whose_file_was_lost_is_unknown_and_the_next_push_heals_it(
    open_on_disk, tmp_path
):
    client = open_on_disk()
    digest = await client.push_blob(NAME, DATA)
    file = tmp_path / "registry/blobs/sha256" / digest.hex[:2] / digest.hex
    file.write_bytes(DATA[:100])

    assert (await client("HEAD", blob(digest))).status == 404
    await client.push_blob(NAME, DATA)

    assert (await client("GET", blob(digest))).body == DATA
    await client.registry.close()


async def test_a_manifest_is_read_by_tag_and_digest_as_it_came(client, make_image):
    raw = b" \n" + make_image(await client.push_blob(NAME, CONFIG))
    digest = Digest.of(raw)

    pushed = await client.put_manifest(NAME, "v1.0", raw)

    assert pushed.status == 201
    assert pushed.headers["location"] == manifest_path(digest)
    assert pushed.headers["docker-content-digest"] == str(digest)
    for reference in ("v1.0", digest):
        answer = await client("GET", manifest_path(reference))
        head = await client("HEAD", manifest_path(reference))
        assert answer.body == raw
        assert answer.headers["content-type"] == media_types.OCI_IMAGE
        assert answer.headers["docker-content-digest"] == str(digest)
        assert head.headers == answer.headers


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_manifest_is_pushed_by_digest(client, make_image, algorithm):
    raw = make_image(await client.push_blob(NAME, CONFIG))
    digest = Digest.of(raw, algorithm)

    assert (await client.put_manifest(NAME, digest, raw)).status == 201
    assert (await client("GET", manifest_path(digest))).body == raw


async def test_a_manifest_under_a_digest_not_its_own_is_refused(client, make_image):
    raw = make_image(await client.push_blob(NAME, CONFIG))

    refused = await client.put_manifest(NAME, Digest.of(b"x"), raw)

    assert (refused.status, refused.code) == (400, "DIGEST_INVALID")
    assert (await client("GET", manifest_path(Digest.of(raw)))).status == 404


@pytest.mark.parametrize("media_type", [media_types.OCI_INDEX, media_types.DOCKER_LIST])
async def test_an_index_needs_its_children(client, media_type):
    child = await client.push_image(NAME, "child")
    absent = Digest.of(b"absent")

    def index(*digests):
        entries = [
            {"mediaType": media_types.OCI_IMAGE, "digest": str(digest), "size": 1}
            for digest in digests
        ]
        document = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
        return json.dumps(document).encode()

    refused = await client.put_manifest(NAME, "multi", index(child, absent), media_type)
    pushed = await client.put_manifest(NAME, "multi", index(child), media_type)

    assert (refused.status, refused.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert refused.json["errors"][0]["detail"]["missing"] == [str(absent)]
    assert pushed.status == 201


async def test_a_manifest_whose_blobs_are_missing_is_refused(client, make_image):
    await client.push_blob("team/other", CONFIG)

    refused = await client.put_manifest(NAME, "latest", make_image(Digest.of(CONFIG)))

    assert (refused.status, refused.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert (await client("GET", manifest_path("latest"))).code == "NAME_UNKNOWN"


async def test_a_manifest_over_4_mib_is_refused_before_it_is_read(client):
    def announced():
        raise AssertionError("the body was read")
        yield b""

    def endless():
        for _ in range(5):
            yield b" " * 1024 * 1024
        raise AssertionError("more was read than the limit")

    headers = {"content-length": str(manifest.MAX_SIZE + 1)}
    first = await client("PUT", manifest_path("latest"), announced(), headers)
    second = await client("PUT", manifest_path("latest"), endless())

    for refused in (first, second):
        assert (refused.status, refused.code) == (413, "SIZE_INVALID")


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (b"{}", "text/plain"),
        (b'{"schemaVersion":1}', "application/vnd.docker.distribution.manifest.v1+prettyjws"),
        (b"{", media_types.OCI_IMAGE),
        (b"", media_types.OCI_IMAGE),
        (b"[" * 100_000, media_types.OCI_IMAGE),
        (b'{"schemaVersion":2,"schemaVersion":2}', media_types.OCI_IMAGE),
        (b'{"schemaVersion":2,"manifests":[],"layers":[]}', media_types.OCI_INDEX),
    ],
)
async def test_what_is_no_manifest_is_refused(client, raw, media_type):
    refused = await client.put_manifest(NAME, "latest", raw, media_type)

    assert (refused.status, refused.code) == (400, "MANIFEST_INVALID")
    assert refused.json["errors"][0]["message"]


@pytest.mark.parametrize("tag", [".hidden", "a" * 129, "é", "a b", "-x"])
async def test_a_tag_outside_the_grammar_is_refused_on_push_and_absent_on_pull(
    client, make_image, tag
):
    await client.push_image(NAME)
    raw = make_image(await client.push_blob(NAME, CONFIG))

    refused = await client.put_manifest(NAME, tag, raw)
    absent = await client("GET", manifest_path(tag))

    assert (refused.status, refused.code) == (400, "TAG_INVALID")
    assert (absent.status, absent.code) == (404, "MANIFEST_UNKNOWN")


async def test_a_reference_that_is_a_broken_digest_is_refused(client):
    await client.push_image(NAME)

    for method in ("GET", "PUT", "DELETE"):
        answer = await client(method, manifest_path("sha256:abc"), b"{}")
        assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize(
    "name",
    [
        "single",
        "team/../other",
        "team/./app",
        "team//app",
        "TEAM/app",
        "team/app\0",
        "team/%2e%2e/x",
        "team/%2fapp",
        "team\\app",
        "team/․․/x",
        "team/" + "a" * 300,
    ],
)
async def test_a_name_outside_the_grammar_is_refused(client, name):
    for path in (
        manifest_path("latest", name),
        blob(Digest.of(b""), name),
        f"/v2/{name}/tags/list",
    ):
        answer = await client("GET", path)
        assert (answer.status, answer.code) == (400, "NAME_INVALID")


async def test_a_tag_moves_and_the_old_manifest_stays(client):
    first = await client.push_image(NAME, note="1")
    second = await client.push_image(NAME, note="2")

    moved = await client("GET", manifest_path("latest"))

    assert moved.headers["docker-content-digest"] == str(second)
    assert (await client("GET", manifest_path(first))).status == 200


async def test_deleting_a_tag_leaves_the_manifest(client):
    digest = await client.push_image(NAME)

    assert (await client("DELETE", manifest_path("latest"))).status == 202

    assert (await client("GET", manifest_path("latest"))).code == "MANIFEST_UNKNOWN"
    assert (await client("GET", manifest_path(digest))).status == 200
    assert (await client("DELETE", manifest_path("latest"))).status == 404


async def test_deleting_a_manifest_takes_its_tags_along(client):
    digest = await client.push_image(NAME)
    assert (await client("GET", manifest_path("latest"))).status == 200

    assert (await client("DELETE", manifest_path(digest))).status == 202

    for reference in ("latest", digest):
        assert (await client("GET", manifest_path(reference))).code == "MANIFEST_UNKNOWN"
    assert (await client("GET", f"/v2/{NAME}/tags/list")).json["tags"] == []
    assert (await client("DELETE", manifest_path(digest))).status == 404


async def test_what_was_pushed_is_there_after_a_restart(open_on_disk):
    first = open_on_disk()
    digest = await first.push_image(NAME)
    raw = (await first("GET", manifest_path("latest"))).body
    await first.registry.close()

    second = open_on_disk()
    assert (await second("GET", manifest_path("latest"))).body == raw
    assert (await second("GET", blob(Digest.of(CONFIG)))).body == CONFIG
    assert Digest.of(raw) == digest
    await second.registry.close()


async def test_a_pull_writes_nothing(open_on_disk, tmp_path):
    client = open_on_disk()
    await client.push_image(NAME)

    def state():
        return sorted(
            (str(path), path.stat().st_size, path.stat().st_mtime_ns)
            for path in tmp_path.rglob("*")
            if not path.name.endswith("-shm")  # SQLite's index of readers, which is no data
        )

    before = state()
    for path in (manifest_path("latest"), blob(Digest.of(CONFIG)), f"/v2/{NAME}/tags/list"):
        assert (await client("GET", path)).status == 200

    assert state() == before
    await client.registry.close()
