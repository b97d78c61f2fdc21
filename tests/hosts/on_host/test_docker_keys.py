"""What dockerd keeps of a file that it has read again."""

from __future__ import annotations

import json

from wharfinger.hosts.on_host import docker_keys, states

PATH = "/etc/docker/daemon.json"
INFO = {
    "RegistryConfig": {
        "IndexConfigs": {"docker.io": {"Secure": True}, "a.test:5000": {"Secure": False}},
        "InsecureRegistryCIDRs": ["10.0.0.0/8", "127.0.0.0/8"],
        "Mirrors": ["https://m.test/"],
    }
}


def file(text: str) -> states.State:
    return states.file(PATH, text.encode(), mode=0o600, uid=0, gid=0)


def test_what_the_daemon_has_is_read_from_its_info() -> None:
    assert docker_keys.insecure(INFO) == {"a.test:5000", "10.0.0.0/8"}
    assert docker_keys.mirrors(INFO) == {"https://m.test"}
    assert docker_keys.insecure({}) == docker_keys.mirrors({}) == set()


def test_a_key_that_is_gone_from_the_file_is_kept_by_the_daemon() -> None:
    assert docker_keys.kept(INFO, states.absent(PATH)) == [
        "insecure-registries",
        "registry-mirrors",
    ]
    assert docker_keys.kept(INFO, file('{"registry-mirrors": []}')) == ["insecure-registries"]
    assert docker_keys.kept({}, file("{}")) == []
    assert docker_keys.kept(INFO, file("{no json")) == []


def test_it_is_shown_the_keys_as_empty_beside_all_others() -> None:
    found = file('{"debug": true, "registry-mirrors": ["https://n.test"]}')

    shown = docker_keys.emptied(found)

    assert shown is not None
    assert json.loads(shown.content or b"") == {
        "debug": True,
        "registry-mirrors": ["https://n.test"],
        "insecure-registries": [],
    }
    assert shown.mode == 0o600
    assert docker_keys.is_emptied(shown, found)
    assert not docker_keys.is_emptied(found, found)


def test_a_file_with_both_keys_or_without_sense_is_shown_as_it_is() -> None:
    both = file('{"insecure-registries": [], "registry-mirrors": []}')

    assert docker_keys.emptied(both) is docker_keys.emptied(file("[]")) is None
    assert docker_keys.emptied(states.absent(PATH)) is not None
