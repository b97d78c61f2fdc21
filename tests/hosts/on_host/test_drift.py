from __future__ import annotations

import pytest

import fake_host
from fake_host import DAEMON_JSON, FakeHost
from wharfinger.hosts.on_host import apply
from wharfinger.hosts.on_host.changes import Order
from wharfinger.hosts.on_host.drift import drift
from wharfinger.hosts.on_host.results import Drift

OTHER = "/etc/docker/certs.d/a/ca.crt"


@pytest.fixture
def host(tmp_path):
    fake_host.put(tmp_path, DAEMON_JSON, b"old")
    host = FakeHost(tmp_path)
    change = fake_host.write(DAEMON_JSON, b"new", over=b"old")
    apply.apply(Order((change, fake_host.write(OTHER, b"pem"))), host)
    return host


def test_nothing_has_drifted_right_after_an_apply_or_an_undo(host):
    assert drift(host) == []
    apply.undo(host)
    assert drift(host) == []


def test_every_kind_of_drift_has_its_word(tmp_path, host):
    file, other = tmp_path / DAEMON_JSON[1:], tmp_path / OTHER[1:]

    file.chmod(0o600)
    assert drift(host) == [Drift(DAEMON_JSON, "mode", "000001")]
    file.write_bytes(b"theirs")
    other.unlink()
    assert {one.path: one.what for one in drift(host)} == {
        DAEMON_JSON: "changed",
        OTHER: "missing",
    }
    file.unlink()
    file.symlink_to("/etc/shadow")
    assert drift(host)[0].what == "changed"


def test_a_package_update_is_known_by_what_it_leaves(tmp_path, host):
    fake_host.put(tmp_path, f"{DAEMON_JSON}.rpmnew")
    (tmp_path / DAEMON_JSON[1:]).write_bytes(b"theirs")

    (found,) = drift(host)

    assert found.why == f"a package update, as {DAEMON_JSON}.rpmnew beside it shows"


def test_the_last_apply_that_stands_counts(tmp_path, host):
    apply.apply(Order((fake_host.write(DAEMON_JSON, b"newer", over=b"new"),)), host)
    assert drift(host) == []
    (tmp_path / DAEMON_JSON[1:]).write_bytes(b"new")
    assert [one.id for one in drift(host)] == ["000002"]
    apply.undo(host)
    assert drift(host) == []
