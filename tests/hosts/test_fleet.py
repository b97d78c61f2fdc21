"""The play of a fleet and the report by host, from values alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from wharfinger.hosts import fleet
from wharfinger.hosts.fleet import Batch, HostReport, InvalidBatch, State
from wharfinger.hosts.on_host.changes import Disruption


@pytest.mark.parametrize("text", ["1", "25%", "100%", "250"])
def test_a_batch_is_printed_as_it_was_written(text):
    assert str(Batch.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "0", "0%", "101%", "-1", "1.5", "25 %", "٣", "{{ 1 }}", "1\n"]
)
def test_what_is_no_batch_is_refused(text):
    with pytest.raises(InvalidBatch):
        Batch.parse(text)


def play(site: str, **asked) -> dict:
    yaml = YAML()
    yaml.constructor.add_constructor("!unsafe", lambda _, node: ("unsafe", node.value))
    text = fleet.play(Path(site), **{"check": False, "disruption": Disruption.RELOAD, **asked})
    (found,) = yaml.load(text)
    return found


def test_a_play_ends_with_the_batch_in_which_a_host_fails():
    found = play("/site.yaml", batch=Batch.parse("25%"))

    assert found["serial"] == "25%"
    assert found["any_errors_fatal"] is True


def test_a_path_is_never_a_template():
    task = play("/srv/{{ lookup('pipe', 'id') }} \"é\n/site.yaml")["tasks"][0]

    name = "/srv/{{ lookup('pipe', 'id') }} \"é\n/site.yaml"
    assert task["wharfinger.site.host"] == {"site": ("unsafe", name), "disruption": "reload"}


def test_a_plan_is_a_check_of_all_hosts_at_once():
    found = play("/site.yaml", check=True)

    assert found["serial"] == "100%"
    assert found["tasks"][0]["check_mode"] is True


def test_hosts_that_no_batch_reached_are_named():
    lines = [
        json.dumps({"hosts": ["one", "two", "three"]}),
        json.dumps({"host": "one", "state": "changed", "result": {"disruption": "reload"}}),
        json.dumps({"hosts": ["one", "two", "three"]}),
        json.dumps({"host": "two", "state": "unreachable", "result": {"msg": "no route\n"}}),
    ]

    one, two, three = fleet.recap(told for line in lines if (told := fleet.event(line)))

    assert (one.state, one.result["disruption"], one.trouble) == (State.CHANGED, "reload", "")
    assert (two.state, two.trouble) == (State.UNREACHABLE, "no route")
    assert three == HostReport("three", State.NOT_TRIED)


@pytest.mark.parametrize("line", ["", "PLAY [all]", "[1]", "{}", '{"host": 1}', '{"hosts": "all"}'])
def test_lines_of_others_tell_nothing(line):
    assert fleet.event(line) is None


def test_a_program_gets_each_change_with_its_diff():
    change = {"path": "/etc/x", "change": "create"}
    result = {"changes": [change], "diff": [{"prepared": "+x\n"}], "disruption": "reload"}

    document = fleet.document(HostReport("one", State.CHANGED, result))

    assert document["changes"] == [{**change, "diff": "+x\n"}]
    assert (document["disruption"], document["trouble"]) == ("reload", "")


def test_a_host_that_failed_early_has_a_whole_document():
    document = fleet.document(HostReport("one", State.FAILED, {"msg": "it needs a drain"}))

    assert document["trouble"] == "it needs a drain"
    assert (document["changes"], document["outcome"]) == ([], None)
