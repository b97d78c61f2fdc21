from __future__ import annotations

import io
import json
import sys

import pytest

import fake_host
from fake_host import DAEMON_JSON
from wharfinger.hosts.on_host import changes, command, facts
from wharfinger.hosts.on_host.changes import DockerAnswers, Order
from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.steps import MakeVolume, StorageOrder


@pytest.fixture
def root(tmp_path):
    fake_host.put(tmp_path, DAEMON_JSON, b"old")
    return tmp_path


@pytest.fixture
def call(root, monkeypatch, capsys):
    """Calls the bundle's command on a tree, with JSON both ways."""

    def call(*words, given=None, raw=None):
        text = json.dumps(given).encode() if raw is None else raw
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        code = command.main([*words, "--root", str(root)])
        return code, json.loads(capsys.readouterr().out)

    return call


def order(*files, proofs=()):
    return changes.to_json(Order(files, (), proofs))


def test_facts_are_json_that_is_read_again(call):
    code, told = call("facts")

    assert code == 0
    assert facts.from_json(told).content(DAEMON_JSON) == b"old"


def test_an_order_goes_in_and_is_taken_back(root, call):
    code, told = call("apply", given=order(fake_host.write(DAEMON_JSON, b"new", over=b"old")))
    assert (code, told["ending"], told["id"]) == (0, "applied", "000001")
    assert call("history")[1] == [told]
    assert call("drift") == (0, [])
    assert call("recover") == (0, [])

    (root / DAEMON_JSON[1:]).write_bytes(b"theirs")
    assert call("drift")[1][0]["what"] == "changed"
    code, told = call("undo", "1")
    assert (code, told["error"]["code"]) == (1, "changed-since")
    code, told = call("undo", "1", "--force")
    assert (code, told["ending"]) == (0, "undone")
    assert (root / DAEMON_JSON[1:]).read_bytes() == b"old"


def test_claims_are_proven_without_a_change(call):
    code, told = call("verify", given=order(proofs=(DockerAnswers(),)))

    assert (code, [one["holds"] for one in told]) == (0, ["unknown"])


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"files": [{"kind": "shell"}], "actions": [], "proofs": []}']
)
def test_what_is_no_order_is_refused(call, raw):
    code, told = call("apply", raw=raw)

    assert (code, told["error"]["code"]) == (1, "invalid-order")


def test_an_action_that_is_not_on_the_list_is_refused(call):
    given = {"files": [], "actions": ["rm -rf /"], "proofs": []}

    assert call("apply", given=given)[1]["error"]["code"] == "invalid-order"


def test_an_order_that_is_too_long_is_refused(call, monkeypatch):
    monkeypatch.setattr(command, "ORDER_LIMIT", 10)

    assert call("apply", raw=b" " * 11)[1]["error"]["code"] == "order-too-large"


def test_containerd_is_answered_in_its_own_words(capsys):
    assert command.main(["verify-image", "-name"]) == 1
    assert "cannot tell" in capsys.readouterr().out


def test_the_storage_of_a_tree_is_looked_at_and_not_changed(call):
    given = steps.to_json(StorageOrder((MakeVolume("docker", "root", 1 << 30),)))

    code, told = call("storage-facts")
    assert (code, storage_facts.from_json(told).devices) == (0, ())
    assert call("storage-history") == (0, [])
    for words in (("storage-apply",), ("storage-resume",), ("storage-undo", "1")):
        code, told = call(*words, given=given)
        assert (code, told["error"]["code"]) == (1, "storage-in-a-tree")
    code, told = call("storage-release", "1")
    assert (code, told["error"]["code"]) == (1, "storage-nothing-to-release")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"steps": [{"kind": "shell"}]}'])
def test_what_is_no_storage_order_is_refused(call, raw):
    code, told = call("storage-apply", raw=raw)

    assert (code, told["error"]["code"]) == (1, "invalid-order")
