"""Whatever is adopted is a site file, and what an apply has written is adopted as it was said."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.cli import yaml
from wharfinger.errors import WharfingerError
from wharfinger.hosts import plan
from wharfinger.hosts.adopt import ansible, host, openshift
from wharfinger.hosts.adopt.adopted import joined
from wharfinger.hosts.formats import toml_text
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.site import file
from wharfinger.hosts.site.file import GivenFile
from wharfinger.hosts.site.model import Site


def parsed(adopted) -> Site:
    return file.parse(
        yaml.text_of(adopted.document).encode(),
        files=lambda name: GivenFile(adopted.files[name]),
    )


NAMES = (
    *(
        "quay.io",
        "a.test:5000",
        "*.b.test",
        "c.test/x",
        "http://d",
        "..",
        "0.0.0.0/0",
        "10.0.0.0/8",
    ),
    *("all", "public", "é.test", "[::1]:5000", "docker.io", "index.docker.io", "", "a b", "yes"),
    *("0.0.0.0/1", "128.0.0.0/1", "\x1b[31m", "x" * 300, "no'quote", "a,b", "{{ x }}", "1"),
)
lists = st.lists(st.sampled_from(NAMES), max_size=4)


def version_1(search, insecure, block) -> str:
    return (
        f"[registries.search]\nregistries = {json.dumps(search)}\n"
        f"[registries.insecure]\nregistries = {json.dumps(insecure)}\n"
        f"[registries.block]\nregistries = {json.dumps(block)}\n"
    )


def version_2(search, insecure, block) -> str:
    tables = [f"location = {json.dumps(one)}\ninsecure = true\n" for one in insecure]
    tables += [f"prefix = {json.dumps(one)}\nblocked = true\n" for one in block]
    head = f"unqualified-search-registries = {json.dumps(search)}\n"
    return head + "".join(f"[[registry]]\n{table}" for table in tables)


def sysconfig(add, block) -> str:
    added = " ".join(f"--add-registry {one}" for one in add)
    blocked = " ".join(f"--block-registry {one}" for one in block)
    return f'ADD_REGISTRY="{added}"\nBLOCK_REGISTRY="{blocked}"\n'


def daemon_json(insecure, mirrors) -> str:
    addresses = [f"https://{one}" for one in mirrors]
    return json.dumps({"insecure-registries": insecure, "registry-mirrors": addresses})


hosts = st.fixed_dictionaries(
    {},
    optional={
        "/etc/containers/registries.conf": st.builds(version_1, lists, lists, lists)
        | st.builds(version_2, lists, lists, lists),
        "/etc/sysconfig/docker": st.builds(sysconfig, lists, lists),
        "/etc/docker/daemon.json": st.builds(daemon_json, lists, lists),
    },
)


def facts(files: dict[str, bytes], *runtimes: str) -> Facts:
    there = {name: RuntimeFacts("99.0") for name in runtimes}
    found = {
        path: FoundFile("file", digest=plan.digest(content), content=content)
        for path, content in files.items()
    }
    return Facts("node", "debian", "Debian 12", runtimes=there, files=found)


@given(hosts)
@settings(max_examples=60)
def test_what_is_adopted_from_a_host_is_a_site_file(files):
    adopted = host.adopt(facts({path: text.encode() for path, text in files.items()}))

    assert parsed(adopted).registries is not None
    assert host.adopt(facts({path: text.encode() for path, text in files.items()})) == adopted


@given(lists, lists, lists)
@settings(max_examples=60)
def test_what_is_adopted_from_an_inventory_is_a_site_file(search, insecure, block):
    variables = {"additional": search, "insecure": insecure, "blocked": block}
    text = yaml.text_of(
        {f"openshift_docker_{key}_registries": value for key, value in variables.items()}
    )

    assert parsed(ansible.adopt({"vars.yml": text.encode()})).registries is not None


SITES = {
    "search and modes": "registries: {search: [quay.io, docker.io], shortNames: enforcing}",
    "lists": "registries: {allow: [quay.io, docker.io/library, '*.a.test'], block: [all, quay.io/evil]}",
    "block": "registries: {block: [evil.test, docker.io/evil]}",
    "insecure": "registries: {insecure: [a.test, 'localhost:5000']}",
    "mirrors": "registries: {mirrors: {docker.io: [m.test, {location: 'n.test:5000', insecure: true}]}}",
    "mirrors of others": "registries: {mirrors: {quay.io: [m.test/quay]}}",
    "trust": "trust: {registries: {'a.test:5000': {ca: ca.crt}, docker.io: {ca: ca.crt}}}",
    "system": "trust: {system: ca.crt}",
}
RUNTIMES = {
    "search and modes": ("podman",),
    "lists": ("docker", "podman", "containerd"),
    "block": ("docker", "podman", "containerd"),
    "insecure": ("docker", "podman", "containerd"),
    "mirrors": ("podman", "containerd"),
    "mirrors of others": ("podman", "containerd"),
    "trust": ("docker", "podman", "containerd"),
    "system": ("podman",),
}


@pytest.mark.parametrize("name", SITES)
def test_what_an_apply_has_written_is_adopted_as_it_was_said(name, ca):
    site = file.parse(SITES[name].encode(), files=lambda _: GivenFile(ca))
    for runtimes in {RUNTIMES[name], *((one,) for one in RUNTIMES[name])}:
        changes = plan.plan(site, facts({}, *runtimes)).changes
        written = {one.wanted.path: one.wanted.content for one in changes}

        adopted = host.adopt(facts(written, *runtimes))

        assert parsed(adopted) == site, runtimes
        assert adopted.notes == ()


# Whatever stands in the files


PATHS = (
    "/etc/containers/registries.conf",
    "/etc/containers/registries.conf.d/50-wharfinger.conf",
    "/etc/containers/policy.json",
    "/etc/wharfinger/access.json",
    "/etc/sysconfig/docker",
    "/etc/sysconfig/docker-storage-setup",
    "/etc/docker/daemon.json",
    "/etc/docker/certs.d/a.test/ca.crt",
    "/etc/containerd/config.toml",
    "/etc/containerd/certs.d/a.test/hosts.toml",
    "/etc/pki/ca-trust/source/anchors/a.pem",
)
WORDS = (
    *("registries", "search", "insecure", "block", "registry", "mirror", "location", "prefix"),
    *(
        "blocked",
        "aliases",
        "unqualified-search-registries",
        "short-name-mode",
        "default",
        "docker",
    ),
    *("transports", "type", "reject", "allow", "insecure-registries", "registry-mirrors", "host"),
    *("server", "ca", "client", "skip_verify", "capabilities", "override_path", "plugins", "cri"),
    *("io.containerd.grpc.v1.cri", "mirrors", "configs", "endpoint", "tls", "ca_file", "auth"),
    *("insecure_registries", "block_registries", "registries.insecure", "https://a.test", "a.test"),
)
words = st.sampled_from(WORDS) | st.text(max_size=3)
documents = st.recursive(
    st.booleans() | st.integers(0, 9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def as_toml(document) -> str:
    return toml_text.render(document) if isinstance(document, dict) else ""


contents = (
    st.binary(max_size=60)
    | documents.map(lambda one: json.dumps(one).encode())
    | documents.map(lambda one: yaml.text_of([one]).encode())
    | documents.map(as_toml).map(str.encode)
)


@given(st.dictionaries(st.sampled_from(PATHS), contents, max_size=3))
@settings(max_examples=60)
def test_no_file_is_too_odd_to_adopt(files):
    adopted = host.adopt(facts(files, "docker", "podman", "containerd"))

    assert parsed(adopted).registries is not None


@given(contents)
@settings(max_examples=60)
def test_no_other_source_is_too_odd_to_adopt_or_to_refuse(content):
    for read in (openshift.master_config, openshift.image_config):
        with suppress(WharfingerError):
            assert parsed(joined(list(read(content, "source")))).registries is not None
    for name in ("inventory", "vars.yml", "group_vars/all.yml"):
        with suppress(WharfingerError):
            assert parsed(ansible.adopt({name: content})).registries is not None
