import pytest

from wharfinger.hosts.site import file, meaning


@pytest.mark.parametrize(
    ("text", "place", "means"),
    [
        ("", "search", meaning.UNSAID),
        ("search: []", "search", "none: an image has to be named with its registry"),
        ("allow: [a.test]", "allow", "only a.test"),
        ("allow: [a.test]", "block", "not said: allow decides"),
        ("allow: []", "allow", "nothing at all"),
        ("block: [a.test]", "allow", "not said: what is not blocked is allowed"),
        ("block: []", "block", "none"),
        (
            "block: [all, a.test]",
            "block",
            "all: everything that allow does not list; a.test even then",
        ),
        ("insecure: []", "insecure", "none: each registry proves who it is"),
        ("insecure: [10.0.0.0/8]", "insecure", "network 10.0.0.0/8 (Docker only)"),
        ("mirrors: {}", "mirrors", "none"),
        ("mirrors: {a.test: []}", "mirrors", "a.test by nobody"),
        ("shortNames: permissive", "shortNames", "permissive"),
    ],
)
def test_each_statement_has_its_meaning(text, place, means):
    site = file.parse(f"registries: {{{text}}}".encode())

    assert dict(meaning.of(site))[f"registries.{place}"] == means


def test_trust_counts_authorities_and_never_shows_a_key(files):
    site = file.parse(
        b"trust: {system: [], registries: {a.test: {ca: [ca.crt, other.crt]}, b.test:"
        b" {client: {cert: client.crt, key: client.key}}}}\nimports: {}",
        files=files,
    )
    told = dict(meaning.of(site))

    assert told["trust.registries"] == (
        "a.test (2 authorities), b.test (no authorities, client certificate)"
    )
    assert told["trust.system"] == "no authorities of ours"
    assert told["imports"].startswith("kept for other commands")


def test_storage_is_told_by_statement():
    site = file.parse(
        b"storage: {driver: overlay2, volumeGroup: docker, devices: [/dev/sdb],"
        b" thinPool: {name: pool}, rootVolume: {name: data, mountPath: /var/lib/docker}}"
    )
    told = dict(meaning.of(site))

    assert told["storage.volumeGroup"] == "docker of /dev/sdb"
    assert told["storage.thinPool"] == "pool, 40%FREE; grows by 20% of itself once 60% are full"
    assert told["storage.rootVolume"] == "data, 40%FREE, xfs at /var/lib/docker"
    assert dict(meaning.of(file.parse(b"{}")))["storage"] == meaning.UNSAID
