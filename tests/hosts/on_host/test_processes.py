from __future__ import annotations

import pytest

from wharfinger.hosts.on_host import processes


@pytest.mark.parametrize(
    ("groups", "unit"),
    [
        ("0::/system.slice/docker.service\n", "docker.service"),
        ("0::/system.slice/docker.service/init\n", "docker.service"),
        (
            "4:memory:/system.slice/crio.service\n1:name=systemd:/system.slice/crio.service\n",
            "crio.service",
        ),
        ("0::/user.slice/user-0.slice/user@0.service/app.slice/a.scope\n", None),
        ("0::/\n", None),
        ("", None),
    ],
)
def test_the_unit_is_told_by_the_control_group(groups, unit):
    assert processes.unit_of(groups) == unit
