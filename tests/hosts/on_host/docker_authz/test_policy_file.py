"""The policy counts as its file is now; without a good file there is none."""

from __future__ import annotations

import json
import os

import pytest

from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile, PolicyUnreadable
from wharfinger.policy.access import AccessPolicy

LISTED = {"allow": ["good.test"], "block": ["all"]}


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "access.json"
    file.write_text(json.dumps(LISTED))
    file.chmod(0o644)
    return file


def test_a_change_counts_at_once(path):
    policy = PolicyFile(str(path))
    first = policy.current()

    path.write_text(json.dumps({"allow": None, "block": ["bad.test"]}))

    assert first == AccessPolicy.from_lists(["good.test"], ["all"])
    assert policy.current() == AccessPolicy.from_lists(None, ["bad.test"])


def test_another_file_of_the_same_size_and_time_counts(path):
    policy = PolicyFile(str(path))
    policy.current()
    before = path.stat()
    other = path.with_suffix(".new")
    other.write_text(path.read_text().replace("good", "evil"))
    other.chmod(0o644)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)

    assert policy.current() == AccessPolicy.from_lists(["evil.test"], ["all"])


def test_what_was_read_before_does_not_count_when_the_file_is_spoilt(path):
    policy = PolicyFile(str(path))
    policy.current()

    path.write_text("{")
    for _ in range(2):
        with pytest.raises(PolicyUnreadable, match="it is not JSON"):
            policy.current()
    path.unlink()
    with pytest.raises(PolicyUnreadable, match="No such file"):
        policy.current()
    path.write_text(json.dumps(LISTED))
    path.chmod(0o644)
    assert policy.current() == AccessPolicy.from_lists(["good.test"], ["all"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "an object with"),
        ('{"allow": null}', "an object with"),
        ('{"allow": "x", "block": []}', "lists of text"),
        ('{"allow": null, "block": ["quay.io/../x"]}', "registry pattern"),
        ('{"allow": null, "block": []}' + " " * (4 << 20), "more than 4 MiB"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_reason(path, content, reason):
    path.write_text(content)

    with pytest.raises(PolicyUnreadable, match=reason):
        PolicyFile(str(path)).current()


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_write_is_refused(path, mode):
    path.chmod(mode)

    with pytest.raises(PolicyUnreadable, match="others than root"):
        PolicyFile(str(path)).current()


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)

    for place in (pipe, tmp_path):
        with pytest.raises(PolicyUnreadable):
            PolicyFile(str(place)).current()
