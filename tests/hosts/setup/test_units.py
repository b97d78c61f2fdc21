"""The mount unit: its name as systemd wants it, its text as the peer writes it."""

import pytest

from wharfinger.hosts.setup import units


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/var/lib/containers", "var-lib-containers.mount"),
        ("/var/lib/my-containers/", "var-lib-my\\x2dcontainers.mount"),
        ("/a b/é", "a\\x20b-\\xc3\\xa9.mount"),
        ("/.x/y.z", "\\x2ex-y.z.mount"),
    ],
)
def test_a_unit_is_called_after_its_place(path: str, name: str):
    assert units.unit(path) == name


def test_the_unit_mounts_with_quotas_before_the_service():
    lines = units.text("/dev/vg/lv", "/var/lib/containers").splitlines()

    assert lines[0].startswith("# Generated")
    for line in (
        "Before=docker-storage-setup.service",
        "WantedBy=docker-storage-setup.service",
        "What=/dev/vg/lv",
        "Where=/var/lib/containers",
        "Type=xfs",
        "Options=pquota",
    ):
        assert line in lines
