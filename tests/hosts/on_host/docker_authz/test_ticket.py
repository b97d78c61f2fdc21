"""A ticket is good once, and nothing else is one."""

from __future__ import annotations

import pytest

from wharfinger.hosts.on_host.docker_authz import ticket


def test_a_ticket_is_good_for_one_load(tmp_path):
    folder = tmp_path / "run" / "loads"
    name = ticket.make(folder)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert ticket.use(folder, name)
    assert not ticket.use(folder, name)


@pytest.mark.parametrize(
    "name", [None, "", "../precious", "A" * 32, "0" * 32, "0" * 31, "/precious"]
)
def test_anything_else_is_none_and_nothing_is_removed(tmp_path, name):
    folder = tmp_path / "loads"
    ticket.make(folder)
    (tmp_path / "precious").touch()

    assert not ticket.use(folder, name)
    assert (tmp_path / "precious").exists()
    assert len(list(folder.iterdir())) == 1
