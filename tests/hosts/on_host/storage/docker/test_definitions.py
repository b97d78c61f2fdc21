from __future__ import annotations

from copy import deepcopy
from typing import Any

from wharfinger.hosts.on_host.storage.docker import definitions

ID = "c0ffee" * 10 + "c0de"
INSPECTED: dict[str, Any] = {
    "Id": ID,
    "Name": "/web",
    "Image": "sha256:" + "0" * 64,
    "Config": {
        "Hostname": ID[:12],
        "Image": "app:v1",
        "Entrypoint": None,
        "Cmd": ["run"],
        "Volumes": {"/anonymous": {}},
    },
    "HostConfig": {
        "Binds": ["data:/data:z", "/etc/hosts:/hosts:ro"],
        "Mounts": [{"Type": "volume", "Target": "/said"}],
        "NetworkMode": "inner",
        "PidMode": "container:" + "b" * 64,
        "VolumesFrom": ["gone"],
        "ConsoleSize": [24, 80],
        "OomKillDisable": False,
        "RestartPolicy": {"Name": "always"},
    },
    "Mounts": [
        {"Type": "volume", "Name": "data", "Destination": "/data", "RW": True},
        {"Type": "bind", "Source": "/etc/hosts", "Destination": "/hosts", "RW": False},
        {"Type": "volume", "Name": "f00d", "Destination": "/anonymous", "RW": True},
        {"Type": "volume", "Name": "beef", "Destination": "/said", "RW": True},
        {"Type": "volume", "Name": "lent", "Destination": "/lent", "RW": False},
    ],
    "NetworkSettings": {
        "Networks": {
            "inner": {"Aliases": [ID[:12], "web"], "IPAddress": "10.9.0.2", "IPAMConfig": None},
            "outer": {"Aliases": [ID[:12]], "NetworkID": "1" * 64},
        }
    },
}
NAMES = {"b" * 64: "other"}


def creation(inspected: dict[str, Any] = INSPECTED, empty: tuple[str, ...] = ()) -> dict[str, Any]:
    return definitions.creation(inspected, "app:v1", names=NAMES, is_empty=empty.__contains__)


def test_every_volume_is_asked_for_by_its_name() -> None:
    host = creation()["HostConfig"]

    assert host["Binds"] == [
        "data:/data:z",
        "/etc/hosts:/hosts:ro",
        "f00d:/anonymous",
        "lent:/lent:ro",
    ]
    assert host["Mounts"] == [{"Type": "volume", "Target": "/said", "Source": "beef"}]
    assert host["VolumesFrom"] is None


def test_an_empty_volume_is_not_filled_from_the_image() -> None:
    host = creation(empty=("data", "beef", "lent"))["HostConfig"]

    assert host["Binds"][0] == "data:/data:z,nocopy"
    assert host["Binds"][3] == "lent:/lent:ro,nocopy"
    assert host["Mounts"][0]["VolumeOptions"] == {"NoCopy": True}


def test_a_container_is_made_with_one_network_and_connected_to_the_others() -> None:
    made = creation()

    assert made["NetworkingConfig"] == {"EndpointsConfig": {"inner": {"Aliases": ["web"]}}}
    assert definitions.further_networks(INSPECTED) == {"outer": {}}


def test_what_the_engine_made_up_is_not_asked_for() -> None:
    made = creation()

    assert "Hostname" not in made
    assert made["Entrypoint"] == []  # null would be filled in from the image
    assert made["HostConfig"]["PidMode"] == "container:other"


def test_a_host_name_that_was_said_stays() -> None:
    inspected = deepcopy(INSPECTED)
    inspected["Config"]["Hostname"] = "web.example"

    assert creation(inspected)["Hostname"] == "web.example"
    assert definitions.definition(inspected, NAMES)["config"]["Hostname"] == "web.example"


def test_two_engines_tell_the_same_definition() -> None:
    other = deepcopy(INSPECTED)
    other["Id"] = "decade" * 10 + "0000"
    other["Config"] |= {"Hostname": other["Id"][:12], "Entrypoint": [], "Image": "sha256:1"}
    other["HostConfig"] |= {
        "Binds": ["data:/data:z", "/etc/hosts:/hosts:ro", "f00d:/anonymous", "lent:/lent:ro"],
        "VolumesFrom": None,
        "ConsoleSize": [0, 0],
        "OomKillDisable": None,
        "PidMode": "container:other",
        "DeviceRequests": None,
    }
    other["NetworkSettings"]["Networks"]["inner"] |= {"IPAddress": "", "Aliases": ["web"]}
    other["NetworkSettings"]["Networks"]["outer"]["Aliases"] = [other["Id"][:12]]

    one = definitions.definition(INSPECTED, NAMES)
    assert definitions.definition(other, {}) == one
    assert one["host"]["RestartPolicy"] == {"Name": "always"}


def test_another_mount_setting_or_network_is_another_definition() -> None:
    one = definitions.definition(INSPECTED, NAMES)
    for change in (
        {"Mounts": INSPECTED["Mounts"][1:]},
        {"NetworkSettings": {"Networks": {"inner": {"Aliases": ["web"]}}}},
        {"HostConfig": {**INSPECTED["HostConfig"], "RestartPolicy": {"Name": "no"}}},
        {"Config": {**INSPECTED["Config"], "Cmd": ["stop"]}},
    ):
        assert definitions.definition({**INSPECTED, **change}, NAMES) != one
