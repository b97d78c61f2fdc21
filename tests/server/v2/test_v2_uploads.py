import pytest

from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.errors import NoRoom

NAME = "team/app"
UPLOADS = f"/v2/{NAME}/blobs/uploads/"
DATA = b"a layer of an image"
DIGEST = Digest.of(DATA)


def blob(digest, name=NAME):
    return f"/v2/{name}/blobs/{digest}"


async def test_a_blob_is_pushed_in_one_request(client):
    pushed = await client("POST", f"{UPLOADS}?digest={DIGEST}", DATA)

    assert pushed.status == 201
    assert pushed.headers["location"] == blob(DIGEST)
    assert pushed.headers["docker-content-digest"] == str(DIGEST)
    assert (await client("GET", blob(DIGEST))).body == DATA


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_large_blob_of_unknown_length_is_pushed_in_one_request(client, algorithm):
    data = bytes(range(256)) * 10_000
    digest = Digest.of(data, algorithm)
    pieces = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]

    pushed = await client("POST", f"{UPLOADS}?digest={digest}", pieces)

    assert pushed.status == 201
    assert (await client("GET", blob(digest))).body == data


async def test_a_blob_is_pushed_as_post_and_put(client):
    location = await client.begin(NAME)

    pushed = await client("PUT", f"{location}?digest={DIGEST}", DATA)

    assert pushed.status == 201
    assert (await client("GET", blob(DIGEST))).body == DATA


async def test_a_blob_is_pushed_in_chunks_as_the_specification_says(client):
    location = await client.begin(NAME)

    first = await client("PATCH", location, DATA[:5], {"content-range": "0-4"})
    second = await client("PATCH", location, DATA[5:9], {"content-range": "5-8"})
    status = await client("GET", location)
    last = {"content-range": f"9-{len(DATA) - 1}"}
    pushed = await client("PUT", f"{location}?digest={DIGEST}", DATA[9:], last)

    assert (first.status, first.headers["range"]) == (202, "0-4")
    assert (second.status, second.headers["range"]) == (202, "0-8")
    assert (status.status, status.headers["range"]) == (204, "0-8")
    assert status.headers["location"] == location
    assert status.headers["docker-upload-uuid"] == location.rpartition("/")[2]
    assert pushed.status == 201
    assert (await client("GET", blob(DIGEST))).body == DATA


async def test_a_blob_is_pushed_as_docker_does_it(client):
    location = await client.begin(NAME)

    streamed = await client("PATCH", location, [DATA[:7], DATA[7:]])
    pushed = await client("PUT", f"{location}?digest={DIGEST}")

    assert streamed.headers["range"] == f"0-{len(DATA) - 1}"
    assert pushed.status == 201


async def test_a_location_is_relative(client):
    location = await client.begin(NAME)

    assert location.startswith(UPLOADS)


@pytest.mark.parametrize("content_range", ["3-8", "6-9", "0-4"])
async def test_a_chunk_out_of_order_is_refused_and_told_where_to_go_on(client, content_range):
    location = await client.begin(NAME)
    await client("PATCH", location, DATA[:5], {"content-range": "0-4"})
    first, last = map(int, content_range.split("-"))

    refused = await client(
        "PATCH", location, bytes(last - first + 1), {"content-range": content_range}
    )

    assert refused.status == 416
    assert refused.code == "BLOB_UPLOAD_INVALID"
    assert refused.headers["range"] == "0-4"
    assert refused.headers["location"] == location
    pushed = await client("PUT", f"{location}?digest={DIGEST}", DATA[5:])
    assert pushed.status == 201


@pytest.mark.parametrize("content_range", ["x", "4-0", "0-", "0-4,5-8", "-5", "bytes=0-4"])
async def test_a_content_range_that_is_none_is_refused(client, content_range):
    location = await client.begin(NAME)

    refused = await client("PATCH", location, DATA[:5], {"content-range": content_range})

    assert refused.status == 400
    assert refused.code == "BLOB_UPLOAD_INVALID"


async def test_a_chunk_that_is_not_as_long_as_its_range_changes_nothing(client):
    location = await client.begin(NAME)

    announced = await client("PATCH", location, DATA, {"content-range": "0-4"})
    streamed = await client("PATCH", location, [DATA], {"content-range": "0-4"})
    short = await client("PATCH", location, [DATA[:2]], {"content-range": "0-4"})

    assert {announced.code, streamed.code, short.code} == {"SIZE_INVALID"}
    assert {announced.status, streamed.status, short.status} == {400}
    assert (await client("GET", location)).headers["range"] == "0-0"


@pytest.mark.parametrize("length", [1, len(DATA) + 1])
async def test_a_body_of_another_length_than_announced_is_refused(client, length):
    refused = await client(
        "POST", f"{UPLOADS}?digest={DIGEST}", [DATA], {"content-length": str(length)}
    )

    assert (refused.status, refused.code) == (400, "SIZE_INVALID")
    assert (await client("GET", blob(DIGEST))).status == 404


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "1e3", ""])
async def test_a_content_length_that_is_none_is_refused(client, length):
    refused = await client("POST", f"{UPLOADS}?digest={DIGEST}", [DATA], {"content-length": length})

    assert refused.status == 400


@pytest.mark.parametrize("size", [10, 3_000_000])
async def test_a_digest_mismatch_leaves_nothing_visible(client, size):
    data = bytes(size)
    location = await client.begin(NAME)

    whole = await client("POST", f"{UPLOADS}?digest={DIGEST}", data)
    finished = await client("PUT", f"{location}?digest={DIGEST}", data)

    for refused in (whole, finished):
        assert (refused.status, refused.code) == (400, "DIGEST_INVALID")
    assert (await client("GET", blob(DIGEST))).status == 404
    assert (await client("GET", blob(Digest.of(data)))).status == 404
    assert (await client("GET", location)).status == 404
    assert not await client.registry.exists(RepositoryName.parse(NAME))


@pytest.mark.parametrize("digest", ["", "sha256:x", "md5:" + "0" * 32, "sha256:../../x"])
async def test_what_is_no_digest_is_refused(client, digest):
    location = await client.begin(NAME)

    for refused in (
        await client("POST", f"{UPLOADS}?digest={digest}", DATA),
        await client("PUT", f"{location}?digest={digest}", DATA),
        await client("POST", f"{UPLOADS}?mount={digest}&from=team/other"),
    ):
        assert (refused.status, refused.code) == (400, "DIGEST_INVALID")


async def test_an_upload_is_not_finished_without_a_digest(client):
    location = await client.begin(NAME)

    assert (await client("PUT", location, DATA)).status == 400


async def test_a_client_that_went_away_resumes(client, gone):
    location = await client.begin(NAME)
    broken = await client("PATCH", location, [DATA[:5], gone])

    status = await client("GET", location)
    assert broken.status == 400
    assert status.headers["range"] == "0-4"
    rest = {"content-range": f"5-{len(DATA) - 1}"}
    assert (await client("PATCH", location, DATA[5:], rest)).status == 202
    assert (await client("PUT", f"{location}?digest={DIGEST}")).status == 201


async def test_a_client_that_went_away_in_one_request_leaves_nothing(client, gone, registry):
    broken = await client("POST", f"{UPLOADS}?digest={DIGEST}", [DATA[:5], gone])

    assert broken.status == 400
    assert (await client("GET", blob(DIGEST))).status == 404


async def test_a_cancelled_upload_is_unknown(client):
    location = await client.begin(NAME)

    assert (await client("DELETE", location)).status == 204

    for method, target in (
        ("GET", location),
        ("PATCH", location),
        ("DELETE", location),
        ("PUT", f"{location}?digest={DIGEST}"),
    ):
        answer = await client(method, target, DATA)
        assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize(
    "upload",
    ["x", "..", "a" * 31, "A" * 32, "0" * 32, "%2e%2e", "0" * 32 + "\0", "0" * 31 + "\n"],
)
async def test_an_upload_that_never_was_is_unknown(client, upload):
    answer = await client("PATCH", UPLOADS + upload, DATA)

    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_an_upload_belongs_to_its_repository(client):
    location = await client.begin(NAME)
    elsewhere = location.replace(NAME, "team/other")

    assert (await client("PATCH", elsewhere, DATA)).code == "BLOB_UPLOAD_UNKNOWN"
    assert (await client("PUT", f"{elsewhere}?digest={DIGEST}", DATA)).status == 404
    assert (await client("DELETE", elsewhere)).status == 404
    assert (await client("GET", location)).status == 204


async def test_a_blob_is_mounted_without_its_bytes(client):
    await client.push_blob("team/base", DATA)

    mounted = await client("POST", f"{UPLOADS}?mount={DIGEST}&from=team/base")

    assert mounted.status == 201
    assert mounted.headers["location"] == blob(DIGEST)
    assert (await client("GET", blob(DIGEST))).body == DATA


@pytest.mark.parametrize(
    "source", ["&from=team/absent", "", "&from=", "&from=../x", "&from=single", "&from=team/base"]
)
async def test_a_mount_that_cannot_be_becomes_an_upload(client, source):
    await client.push_blob("team/base", b"something else")

    answer = await client("POST", f"{UPLOADS}?mount={DIGEST}{source}")

    assert answer.status == 202
    pushed = await client("PUT", f"{answer.headers['location']}?digest={DIGEST}", DATA)
    assert pushed.status == 201


async def test_cve_2024_39897_no_mount_from_what_the_caller_may_not_read(client, rights):
    await client.push_blob("secret/base", DATA)
    rights.only(
        ("ada", "update", "imagestreams/layers", "team"),
        ("ada", "get", "imagestreams/layers", "team"),
        ("ada", "create", "imagestreams", "team"),
    )

    refused = await client("POST", f"{UPLOADS}?mount={DIGEST}&from=secret/base")
    absent = await client("POST", f"{UPLOADS}?mount={DIGEST}&from=secret/absent")

    assert refused.status == absent.status == 202
    assert refused.headers.keys() == absent.headers.keys()
    assert (await client("GET", blob(DIGEST))).status == 404


async def test_an_upload_outlives_a_restart(open_on_disk):
    first = open_on_disk()
    location = await first.begin(NAME)
    await first("PATCH", location, DATA[:5])
    await first.registry.close()

    second = open_on_disk()
    assert (await second("GET", location)).headers["range"] == "0-4"
    pushed = await second("PUT", f"{location}?digest={DIGEST}", DATA[5:])

    assert pushed.status == 201
    assert (await second("GET", blob(DIGEST))).body == DATA
    await second.registry.close()


async def test_a_right_that_went_away_during_the_body_makes_nothing_visible(client, rights):
    location = await client.begin(NAME)

    def body():
        yield DATA
        rights.only()

    refused = await client("PUT", f"{location}?digest={DIGEST}", body())

    assert refused.status == 403
    rights.allowed = None
    assert (await client("GET", blob(DIGEST))).code == "NAME_UNKNOWN"


@pytest.mark.parametrize("length", [len(DATA), None])
async def test_a_full_disk_is_told_as_507(client, length):
    def body():
        yield DATA[:5]
        raise NoRoom

    headers = {} if length is None else {"content-length": str(length)}
    refused = await client("POST", f"{UPLOADS}?digest={DIGEST}", body(), headers)

    assert refused.status == 507
    assert refused.code == "STORAGE_FULL"
    assert (await client("GET", blob(DIGEST))).status == 404
