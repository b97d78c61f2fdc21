"""The schema accepts what the parser accepts, and what it refuses the parser refuses too."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from wharfinger.cli import yaml
from wharfinger.hosts.site import contradictions, file
from wharfinger.hosts.site.faults import InvalidSite

ROOT = Path(__file__).parents[3]
SCHEMA = file.schema()
VALIDATOR = Draft202012Validator(SCHEMA)

registries = st.sampled_from(
    [
        "quay.io",
        "QUAY.io",
        "localhost:5000",
        "[::1]:5000",
        "10.0.0.1",
        "a:99999",
        "-a",
        "a_b",
        "all",
        "http://a",
        "a/b",
        "*.a.test",
        "\\*.a",
        "docker.io/library",
        "a//b",
        "10.0.0.0/8",
        "fd00::/8",
        "0.0.0.0/0",
        "ü.test",
        "a..b",
        "a/B",
    ]
) | st.sampled_from(["", 5, None, True])
lists = st.lists(registries, max_size=3) | registries
mirrors = st.dictionaries(
    st.sampled_from(["quay.io", "*.a", "a/b", "http://x"]),
    st.lists(
        registries
        | st.fixed_dictionaries({}, optional={"location": registries, "insecure": registries}),
        max_size=2,
    ),
    max_size=2,
)
names = st.sampled_from(["docker", "docker-pool", "-a", "a b", ".", "snapshot1", "disk", 5])
sizes = st.sampled_from(
    ["10G", "40%FREE", "95%VG", "0", "140%VG", "40%PVS", "64K", "1.5GiB", "2g", "4096s", 10]
)
pools = st.fixed_dictionaries(
    {"name": names},
    optional={
        "dataSize": sizes,
        "metadataSize": sizes,
        "chunkSize": sizes,
        "autoExtend": st.sampled_from(
            [
                False,
                True,
                {},
                {"threshold": 100},
                {"threshold": 70, "percent": 1000},
                {"percent": 0},
            ]
        ),
    },
)
volumes = st.fixed_dictionaries(
    {"name": names, "mountPath": st.sampled_from(["/var/lib/docker", "/", "x", "/var", "/a/../b"])},
    optional={"size": sizes, "filesystem": st.sampled_from(["xfs", "ext4", "btrfs"])},
)
storages = st.sampled_from([{}, {"a": [1]}, [], "x"]) | st.fixed_dictionaries(
    {},
    optional={
        "driver": st.sampled_from(["overlay2", "devicemapper", "aufs"]),
        "devices": st.lists(
            st.sampled_from(["/dev/sdb", "sdb", "/dev/disk/by-id/virtio-*", "/dev", "/tmp/x", 1]),
            max_size=2,
        ),
        "volumeGroup": names,
        "thinPool": pools,
        "rootVolume": volumes,
        "wipeSignatures": st.sampled_from([True, "yes"]),
        "growPartition": st.sampled_from([False, None]),
        "archives": st.sampled_from(["/srv/archives", "archives"]),
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "registries": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "search": lists,
                "allow": lists,
                "block": lists,
                "insecure": lists,
                "mirrors": mirrors,
                "shortNames": st.sampled_from(["enforcing", "permissive", "disabled", "no", 1]),
                "serch": lists,
            },
        ),
        "trust": st.fixed_dictionaries({}, optional={"system": st.sampled_from([[], None, {}])}),
        "storage": storages,
        "other": st.none(),
    },
)


@given(documents)
@settings(max_examples=150)
def test_what_the_schema_refuses_the_parser_refuses(document):
    valid = VALIDATOR.is_valid(document)
    try:
        file.parse(yaml.text_of(document).encode())
    except InvalidSite:
        return
    assert valid


ACCEPTED = [
    {},
    {"registries": {}},
    {"registries": {"search": ["quay.io", "localhost:5000", "[fd00::1]:5000", "a-b.test"]}},
    {"registries": {"allow": ["quay.io/team/app", "*.a.test", "a:1/b__c/d--e"], "block": ["all"]}},
    {"registries": {"insecure": ["localhost:5000", "10.0.0.0/8", "fd00::/8"]}},
    {"registries": {"mirrors": {"docker.io": ["a.test/b", {"location": "c", "insecure": True}]}}},
    {"registries": {"shortNames": "disabled", "mirrors": {}}},
    {"trust": {"registries": {}, "system": []}},
    {"trust": {"registries": {"a.test:5000": {"ca": []}}}},
    {"storage": {}, "imagePolicy": {"anything": [1, {"x": None}]}, "imports": {}},
    {
        "storage": {
            "driver": "devicemapper",
            "devices": ["/dev/disk/by-id/wwn-0x5000c500a0b1c2d3", "/dev/sd[b-d]", "/dev/nvme0n1"],
            "volumeGroup": "docker",
            "thinPool": {"name": "docker-pool", "chunkSize": "64k", "autoExtend": False},
            "rootVolume": {"name": "data", "mountPath": "/var/lib/docker", "size": "1.5TiB"},
        }
    },
    {"storage": {"volumeGroup": "a", "thinPool": {"name": "b", "autoExtend": {}}}},
]
REFUSED = [
    [],
    {"other": 1},
    {"registries": {"serch": []}},
    {"registries": {"search": "quay.io"}},
    {"registries": {"search": None}},
    {"registries": {"search": ["quay.io", "quay.io"]}},
    {"registries": {"search": ["https://quay.io"]}},
    {"registries": {"search": ["../x"]}},
    {"registries": {"allow": ["all"]}},
    {"registries": {"allow": [r"\*.docker.io"]}},
    {"registries": {"insecure": ["a b"]}},
    {"registries": {"mirrors": {"docker.io": [{}]}}},
    {"registries": {"mirrors": {"docker.io": [{"location": "a", "insecure": "yes"}]}}},
    {"registries": {"mirrors": {"*.a.test": []}}},
    {"registries": {"shortNames": "no"}},
    {"trust": {"registries": {"a.test": {}}}},
    {"trust": {"registries": {"a.test": {"client": {"cert": "x"}}}}},
    {"trust": {"system": None}},
    {"storage": []},
    {"storage": {"devices": ["sdb"], "volumeGroup": "a"}},
    {"storage": {"volumeGroup": "-a"}},
    {"storage": {"volumeGroup": "a", "thinPool": {"name": "b", "dataSize": "10Q"}}},
    {"storage": {"volumeGroup": "a", "thinPool": {"name": "b", "autoExtend": True}}},
    {"storage": {"volumeGroup": "a", "thinPool": {"dataSize": "10G"}}},
    {"storage": {"volumeGroup": "a", "rootVolume": {"name": "b", "mountPath": "/"}}},
    {"storage": {"archives": "archives"}},
]


@pytest.mark.parametrize("document", ACCEPTED, ids=str)
def test_both_accept(document):
    VALIDATOR.validate(document)
    file.parse(yaml.text_of(document).encode())


@pytest.mark.parametrize("document", REFUSED, ids=str)
def test_both_refuse(document):
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(InvalidSite):
        file.parse(yaml.text_of(document).encode())


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_published_schema_is_that_of_the_parser():
    assert json.loads((ROOT / "docs/reference/site.schema.json").read_text()) == SCHEMA


def keys(schema, place=""):
    """Each key that the schema knows, as the page spells it."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{place}{name}"
        yield from keys(inner, f"{place}{name}.")
    for inner in schema.get("anyOf", []):
        yield from keys(inner, place)
    if "items" in schema:
        yield from keys(schema["items"], f"{place.removesuffix('.')}[].")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from keys(schema["additionalProperties"], f"{place}REGISTRY.")


def test_the_page_documents_every_key_and_no_other():
    page = (ROOT / "docs/reference/site.md").read_text()
    text = page.partition("## Keys\n")[2].partition("\n## ")[0]
    documented = [
        line.split("|")[1].strip().strip("`")
        for line in text.splitlines()
        if line.startswith("| `")
    ]

    assert documented == list(keys(SCHEMA))


def test_the_example_of_the_page_is_a_site_file(files):
    page = (ROOT / "docs/reference/site.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    names = {"host.cert": "client.crt", "host.key": "client.key"}

    site = file.parse(
        example.encode(), files=lambda path: files(names.get(path.rpartition("/")[2], "ca.crt"))
    )

    assert site.registries.block_all
    assert site.trust.registries is not None
    assert contradictions.find(site) == ()
