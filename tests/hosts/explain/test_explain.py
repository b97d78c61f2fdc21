from __future__ import annotations

import json

import pytest

from wharfinger.cli import hosts_explain
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.hosts.explain import explain
from wharfinger.hosts.explain.verdict import Explanation
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.plan import digest, plan
from wharfinger.hosts.site import file
from wharfinger.oci.reference import ImageReference

POLICY = "/etc/containers/policy.json"
CONF = "/etc/containers/registries.conf"
DAEMON = "/etc/docker/daemon.json"
DEFAULT = '{\n  "default": [{"type": "insecureAcceptAnything"}]\n}\n'
ALL = {
    "docker": RuntimeFacts("20.10.24", pid=1),
    "podman": RuntimeFacts("4.3.1"),
    "containerd": RuntimeFacts("1.6.20", pid=2),
}


def facts(files: dict[str, str | bytes] | None = None, **runtimes: RuntimeFacts) -> Facts:
    contents = {
        path: text if isinstance(text, bytes) else text.encode()
        for path, text in {POLICY: DEFAULT, **(files or {})}.items()
    }
    found = {
        path: FoundFile("file", content=content, digest=digest(content))
        for path, content in contents.items()
    }
    return Facts("host", "debian", "Debian 12", runtimes=runtimes, files=found)


def applied(site: str, **runtimes: RuntimeFacts) -> Facts:
    before = facts(**runtimes)
    files = {path: one.content for path, one in before.files.items() if one.content}
    for change in plan(file.parse(site.encode()), before).changes:
        files[change.wanted.path] = change.wanted.content or b""
    return facts(files, **runtimes)


def told(found: Facts, image: str) -> list[Explanation]:
    return explain(found, ImageReference.parse(image))


@pytest.mark.parametrize(
    ("image", "allowed"),
    [("registry.test:5000/app", True), ("quay.io/app", False), ("docker.io/library/app", False)],
)
def test_all_runtimes_say_what_the_site_says(image: str, allowed: bool) -> None:
    host = applied("registries: {allow: ['registry.test:5000'], block: [all]}", **ALL)

    found = {one.runtime: one.allowed for one in told(host, image)}

    assert found == {"docker": allowed, "containers": allowed, "containerd": allowed}


def test_the_line_that_decides_is_named() -> None:
    host = applied("registries: {allow: ['registry.test:5000'], block: [all]}", **ALL)

    for one in told(host, "quay.io/app"):
        assert one.place is not None
        assert one.place.line is not None
        text = (host.content(one.place.file) or b"").decode().splitlines()
        assert any(word in text[one.place.line - 1] for word in ("all", "reject", "blocked"))


def test_sources_come_in_order_with_what_is_trusted_there() -> None:
    site = "registries: {mirrors: {docker.io: [{location: 'm.test:5000', insecure: true}]}}"
    certs = "/etc/containers/certs.d/docker.io"
    host = applied(site, **ALL)
    host = facts(
        {
            **{path: one.content or b"" for path, one in host.files.items()},
            f"{certs}/ca.crt": "",
            f"{certs}/host.cert": "",
            f"{certs}/host.key": "",
        },
        **ALL,
    )

    found = {one.runtime: one.sources for one in told(host, "docker.io/library/app")}

    for sources in found.values():
        assert sources[0].name == "m.test:5000/library/app"
        assert sources[-1].name == "registry-1.docker.io/library/app"
        assert sources[0].insecure or sources[1].insecure
        assert not sources[-1].insecure
        assert sources[0].place is not None
    assert found["containers"][-1].authorities == (f"{certs}/ca.crt",)
    assert found["containers"][-1].client == f"{certs}/host.cert"


def test_a_short_name_is_one_of_docker_hub_but_for_podman() -> None:
    host = applied("registries: {search: [quay.io, a.test]}", **ALL, skopeo=RuntimeFacts("1.9.3"))

    found = [(one.runtime, one.image) for one in told(host, "app")]

    assert found == [
        ("docker", "docker.io/library/app:latest"),
        ("containers", "quay.io/app:latest"),
        ("containers", "a.test/app:latest"),
        ("skopeo", "docker.io/library/app:latest"),
        ("containerd", "docker.io/library/app:latest"),
    ]


def test_a_short_name_without_a_search_list_is_refused() -> None:
    (found,) = told(facts(podman=ALL["podman"]), "app")

    assert not found.allowed


def test_a_file_that_the_tools_refuse_is_the_reason() -> None:
    (found,) = told(facts({CONF: "short-name-mode = 1\n"}, podman=ALL["podman"]), "quay.io/app")

    assert not found.allowed
    assert str(found.place) == f"{CONF}:1"


def test_a_signature_is_named() -> None:
    policy = {"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}]}
    (found,) = told(facts({POLICY: json.dumps(policy)}, podman=ALL["podman"]), "quay.io/app")

    assert found.allowed
    assert "signedBy" in found.reason


def test_a_plugin_without_its_policy_refuses() -> None:
    host = facts({DAEMON: '{"authorization-plugins": ["wharfinger"]}'}, docker=ALL["docker"])

    (found,) = told(host, "quay.io/app")

    assert not found.allowed
    assert str(found.place) == f"{DAEMON}:1"


@pytest.mark.parametrize(
    "registry", ["a.test:5000", "10.1.2.3:5000", "localhost:5000", "127.0.0.9"]
)
def test_docker_knows_insecure_names_networks_and_itself(registry: str) -> None:
    host = facts(
        {DAEMON: '{"insecure-registries": ["a.test:5000", "10.0.0.0/8"]}'}, docker=ALL["docker"]
    )

    (found,) = told(host, f"{registry}/app")
    (other,) = told(host, "a.test/app")

    assert found.sources[0].insecure
    assert not other.sources[0].insecure


def test_red_hats_docker_tries_what_is_added_and_then_the_hub() -> None:
    sysconfig = "ADD_REGISTRY='--add-registry a.test'\nBLOCK_REGISTRY='--block-registry all'\n"
    docker = RuntimeFacts("1.13.1", arguments=("dockerd-current", "--add-registry=a.test"))
    host = facts({"/etc/sysconfig/docker": sysconfig}, docker=docker)

    found = [(one.image, one.allowed, str(one.place)) for one in told(host, "app")]

    assert found == [
        ("a.test/app:latest", True, "/etc/sysconfig/docker:1"),
        ("docker.io/library/app:latest", False, "/etc/sysconfig/docker:2"),
    ]


def verdict(runtime: str, *, allowed: bool) -> Explanation:
    return Explanation(runtime, "quay.io/app", allowed, "")


def test_the_exit_code_says_whether_all_some_or_none_may_pull() -> None:
    yes, no = verdict("docker", allowed=True), verdict("containers", allowed=False)

    assert hosts_explain.exit_code([yes]) == ExitCode.OK
    assert hosts_explain.exit_code([yes, no]) == ExitCode.PARTIAL
    assert hosts_explain.exit_code([no]) == ExitCode.REFUSED
    assert hosts_explain.exit_code([no, verdict("containers", allowed=True)]) == ExitCode.OK
