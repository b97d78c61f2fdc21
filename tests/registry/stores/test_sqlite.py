import asyncio
import sqlite3
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor, Manifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import ManifestIncomplete, UnknownSchema, UnsafeFile
from wharfinger.registry.stores.memory import MemoryMetadataStore
from wharfinger.registry.stores.sqlite import SqliteMetadataStore

NAMES = [RepositoryName.parse(text) for text in ("a/x", "a/y", "b/x")]
BLOBS = [Digest.of(bytes([i])) for i in range(3)]
TAGS = [Tag(text) for text in ("one", "two")]
MANIFESTS = [
    Manifest("x/image", b"image %d" % i, (Descriptor("x/layer", blob, 1),), subject=BLOBS[0])
    for i, blob in enumerate(BLOBS)
]
DIGESTS = [Digest.of(manifest.raw) for manifest in MANIFESTS]
INDEX = Manifest("x/index", b"index", children=(Descriptor("x/image", DIGESTS[0], 1),))

name = st.sampled_from(NAMES)
STEP = st.one_of(
    st.tuples(st.just("link_blob"), name, st.sampled_from(BLOBS), st.just(1)),
    st.tuples(st.just("unlink_blob"), name, st.sampled_from(BLOBS)),
    st.builds(
        lambda where, manifest, tag: (
            "put_manifest", where, Digest.of(manifest.raw), manifest, tag
        ),
        name, st.sampled_from([*MANIFESTS, INDEX]), st.sampled_from([*TAGS, None]),
    ),
    st.tuples(st.just("delete_manifest"), name, st.sampled_from(DIGESTS)),
    st.tuples(st.just("delete_tag"), name, st.sampled_from(TAGS)),
    st.tuples(st.just("delete_repository"), name),
    st.tuples(st.just("delete_project"), st.sampled_from(["a", "b"])),
)  # fmt: skip


async def outcome(store, method, *arguments):
    try:
        return await getattr(store, method)(*arguments)
    except ManifestIncomplete as refused:
        return refused.missing


async def everything(store):
    """All that a store shows, through every way of asking."""
    seen = [await store.repositories("", 10)]
    for where in NAMES:
        seen.append([await store.exists(where), await store.tags(where, "", 10)])
        seen.append([await store.blob_size(where, blob) for blob in BLOBS])
        seen.append([await store.manifest(where, digest) for digest in DIGESTS])
        seen.append([await store.tag(where, tag) for tag in TAGS])
        found = await store.referrers(where, BLOBS[0], artifact_type=None, after="", limit=10)
        seen.append(found)
    return seen


@settings(max_examples=25)
@given(steps=st.lists(STEP, max_size=25))
def test_it_shows_the_same_as_memory_after_any_steps(tmp_path_factory, steps):
    async def run():
        model = MemoryMetadataStore()
        store = SqliteMetadataStore(tmp_path_factory.mktemp("metadata") / "metadata.sqlite")
        for step in steps:
            assert await outcome(store, *step) == await outcome(model, *step)
            assert await everything(store) == await everything(model)
        await store.close()

    asyncio.run(run())


async def test_what_was_acknowledged_is_there_after_a_restart(tmp_path):
    path = tmp_path / "metadata.sqlite"
    first = SqliteMetadataStore(path)
    await first.link_blob(NAMES[0], BLOBS[0], 1)
    await first.put_manifest(NAMES[0], DIGESTS[0], MANIFESTS[0], TAGS[0])

    # The first one is still open, as it would be if it was killed.
    second = SqliteMetadataStore(path)
    assert await second.tag(NAMES[0], TAGS[0]) == DIGESTS[0]
    assert await second.blob_size(NAMES[0], BLOBS[0]) == 1
    await second.close()
    await first.close()


async def test_every_commit_is_synced(tmp_path):
    store = SqliteMetadataStore(tmp_path / "metadata.sqlite")

    def pragmas(connection):
        return [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]

    assert await store._writer.write(pragmas) == ["wal", 2]
    await store.close()


async def test_only_the_owner_may_read_it(tmp_path):
    store = SqliteMetadataStore(tmp_path / "metadata.sqlite")
    await store.link_blob(NAMES[0], BLOBS[0], 1)

    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await store.close()


def test_a_link_in_its_place_is_refused(tmp_path):
    (tmp_path / "elsewhere").touch()
    (tmp_path / "metadata.sqlite").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnsafeFile):
        SqliteMetadataStore(tmp_path / "metadata.sqlite")


def test_a_database_of_a_later_release_is_refused(tmp_path):
    path = tmp_path / "metadata.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(UnknownSchema):
        SqliteMetadataStore(path)
