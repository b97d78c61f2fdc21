"""Plans: what is missing, in which order, and what is extra."""

import made_images
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.remote.copy import plan as planning
from wharfinger.remote.copy.plan import Extra, Held, Node, Offered, Wanted

SHARED = made_images.tar(shared=b"yes")
AMD, ARM = (made_images.image(SHARED, made_images.tar(cpu=cpu)) for cpu in (b"amd", b"arm"))
INDEX = made_images.index([AMD, ARM])
NODES = {one.digest: Node.read(one) for one in (AMD.manifest, ARM.manifest, INDEX)}
ONE = Tag("1")


def offered(*wanted: Wanted, tags: frozenset[str] = frozenset()) -> Offered:
    return Offered(wanted, NODES, tags=tags)


def digests(nodes) -> list[Digest]:
    return [node.digest for node in nodes]


def test_an_image_comes_with_all_below_it_each_once():
    found = planning.plan(offered(Wanted(INDEX.digest, ONE)), Held({}))

    (move,) = found.moves
    assert digests(move.nodes) == [AMD.digest, ARM.digest, INDEX.digest]
    assert {blob.digest for blob in found.blobs} == set(AMD.blobs | ARM.blobs)
    assert len(found.blobs) == 5
    assert found.size == sum(map(len, (AMD.blobs | ARM.blobs).values()))
    assert (move.was, found.changes) == (None, True)


def test_what_is_there_is_not_moved():
    config, shared, own = AMD.blobs
    held = Held({"1": AMD.digest}, {ARM.digest}, {shared})

    found = planning.plan(offered(Wanted(INDEX.digest, ONE)), held)

    assert digests(found.moves[0].nodes) == [AMD.digest, INDEX.digest]
    assert [blob.digest for blob in found.blobs] == [config, own]
    assert found.moves[0].was == AMD.digest


def test_an_image_that_is_there_only_gets_its_tag():
    held = Held({}, {INDEX.digest, AMD.digest, ARM.digest})

    found = planning.plan(offered(Wanted(INDEX.digest, ONE)), held)

    assert digests(found.moves[0].nodes) == [INDEX.digest]
    assert found.blobs == ()


def test_what_is_so_already_is_no_change():
    by_tag, by_digest = Wanted(INDEX.digest, ONE), Wanted(AMD.digest, AMD.digest)

    found = planning.plan(
        offered(by_tag, by_digest), Held({"1": INDEX.digest}, {AMD.digest}), delete_extra=True
    )

    assert (found.same, found.moves, found.changes) == ((by_tag, by_digest), (), False)


def test_tags_that_the_source_lacks_are_extra_only_if_asked():
    held = Held({"1": INDEX.digest, "old": AMD.digest, "unreadable": AMD.digest})
    has = offered(Wanted(INDEX.digest, ONE), tags=frozenset({"1", "unreadable"}))

    assert planning.plan(has, held).extra == ()
    found = planning.plan(has, held, delete_extra=True)
    assert found.extra == (Extra(Tag("old"), AMD.digest),)
    assert found.changes


def test_what_is_about_an_image_that_stays_is_not_extra():
    gone = "a" * 64
    held = Held(
        {
            "1": INDEX.digest,
            f"sha256-{INDEX.digest.hex}.sig": ARM.digest,
            f"sha256-{AMD.digest.hex}": ARM.digest,
            f"sha256-{gone}.sig": ARM.digest,
        }
    )

    found = planning.plan(
        offered(Wanted(INDEX.digest, ONE), tags=frozenset({"1"})), held, delete_extra=True
    )

    assert [str(one.tag) for one in found.extra] == [f"sha256-{gone}.sig"]


def test_layers_that_an_index_lists_are_blobs():
    document = {
        "schemaVersion": 2,
        "manifests": [
            made_images.descriptor("application/vnd.oci.image.layer.v1.tar+gzip", b"cached"),
            made_images.descriptor(media_types.OCI_IMAGE, AMD.manifest.raw),
        ],
    }
    cache = made_images.manifest(media_types.OCI_INDEX, document)

    node = Node.read(cache)

    assert [blob.digest for blob in node.blobs] == [Digest.of(b"cached")]
    assert node.children == (AMD.digest,)
    alone = Node.read(cache, whole=False)
    assert (alone.blobs, alone.children) == ((), ())
