"""What a run of maintenance keeps and tells: its files, what was asked for, and what Ansible said."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wharfinger.cli import maintain_journal, maintain_output, maintain_parts
from wharfinger.cli.errors import UsageError
from wharfinger.cli.evacuate_options import Drain
from wharfinger.cli.live import Rows
from wharfinger.cli.maintain_asked import Asked, inventory_path, words
from wharfinger.cli.maintain_journal import (
    JournalUnwritable,
    RunFiles,
    RunUnderWay,
    RunUnknown,
    all_runs,
)
from wharfinger.cli.maintain_output import Objects, Table
from wharfinger.errors import BadInput
from wharfinger.hosts.fleet import HostReport, State
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet import report
from wharfinger.maintenance.fleet.gates import Command, Place
from wharfinger.maintenance.fleet.host_states import (
    Begun,
    Explained,
    HostState,
    Skipped,
    Step,
    Work,
)
from wharfinger.maintenance.fleet.journal import InvalidJournal
from wharfinger.maintenance.fleet.limits import Amount, Order
from wharfinger.maintenance.model import Name
from wharfinger.maintenance.node.progress import Kind, Progress
from wharfinger.system.lock import Lock

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
EXPLAINED = Explained("one", "pier-1", Disruption.DRAIN, 2, "abc", drain=True)
ASKED = Asked(
    site="/srv/site.yaml",
    inventory=("/srv/inventory", "extra,"),
    limit="web*",
    forks=None,
    become=True,
    cluster="https://cluster.test:6443",
    kubeconfig=None,
    context="harbour",
    max_unavailable="10%",
    per="zone",
    canary=1,
    side_by_side=True,
    windows=("Sat 22:00-04:00 UTC",),
    drain_for="restart",
    prometheus=(("http://prometheus.test:9090", "up == 1"),),
    commands=("check 'all lights'",),
    gate_seconds=60.0,
    pause_file=None,
    evacuation={"ignore_daemonsets": True, "timeout": 300.0, "pod_selector": "app=web"},
)


def now() -> datetime:
    return NOW


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    return RunFiles.new(tmp_path / "runs", {"site": "site.yaml"}, now)


def test_a_run_is_found_again_with_what_happened(files: RunFiles, tmp_path: Path) -> None:
    with files.locked():
        files.write(EXPLAINED)
        files.write(Begun("one", Work.EVACUATE))

    (found,) = all_runs(tmp_path / "runs", now)
    run = found.read()

    assert (run.run, run.asked) == (files.run, {"site": "site.yaml"})
    assert run.states["one"].doing is Work.EVACUATE
    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o700


def test_a_line_that_was_cut_off_is_taken_away_before_the_next_is_written(
    files: RunFiles, tmp_path: Path
) -> None:
    with files.locked():
        files.write(EXPLAINED)
    journal = tmp_path / "runs" / files.run / "journal.jsonl"
    with journal.open("a") as file:
        file.write('{"at": "x", "event": "beg')

    with files.locked():
        files.write(Begun("one", Work.EVACUATE))

    assert files.read().states["one"].doing is Work.EVACUATE


def test_two_do_not_work_at_one_run(files: RunFiles, tmp_path: Path) -> None:
    with (
        Lock(tmp_path / "runs" / files.run / "lock"),
        pytest.raises(RunUnderWay),
        files.locked(),
    ):
        pass
    with files.locked():
        assert files.process() == os.getpid()
    assert files.process() is None


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunUnknown, match="'r9'"):
        RunFiles(tmp_path, "r9", now).read()
    assert all_runs(tmp_path / "none", now) == []


def test_a_journal_that_cannot_be_written_stops_all(files: RunFiles, tmp_path: Path) -> None:
    (tmp_path / "runs" / files.run / "journal.jsonl").unlink()

    with pytest.raises(JournalUnwritable):
        files.write(EXPLAINED)
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnwritable):
        RunFiles.new(tmp_path / "file", {}, now)


def test_what_was_asked_comes_back_from_the_journal() -> None:
    again = Asked.from_json(json.loads(json.dumps(ASKED.to_json())))

    assert again == ASKED
    again.check()
    assert again.limits.max_unavailable == Amount(10, percent=True)
    assert (again.limits.per, again.limits.canary, again.limits.order) == (
        "zone",
        1,
        Order.SIDE_BY_SIDE,
    )
    assert again.threshold is Disruption.RESTART
    assert again.options.ignore_daemon_sets
    assert again.options.wait_replacements
    assert again.options.timeout == 300
    assert again.fleet.arguments() == [
        "--inventory=/srv/inventory",
        "--inventory=extra,",
        "--limit=web*",
        "--become",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_unavailable": "0"},
        {"windows": ["never"]},
        {"commands": ["say 'it"]},
        {"commands": [""]},
        {"evacuation": {"pod_selector": "a b"}},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_begun(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Asked.from_json({**ASKED.to_json(), **wrong}).check()


def test_a_journal_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidJournal):
        Asked.from_json({"site": "site.yaml"})


def test_the_last_run_needs_no_id(files: RunFiles, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    assert maintain_journal.named(root, "last", now).run == files.run

    files.forget()

    with pytest.raises(RunUnknown):
        maintain_journal.named(root, "last", now)


def test_all_options_of_an_evacuation_can_be_kept() -> None:
    kept = json.loads(json.dumps(asdict(Drain(force=True))))

    assert Drain(**kept) == Drain(force=True)


def test_an_inventory_is_found_from_elsewhere(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "hosts").write_text("one\n")
    monkeypatch.chdir(tmp_path)

    assert inventory_path("hosts") == str(tmp_path / "hosts")
    assert inventory_path("one,two,") == "one,two,"


CHANGE = {"path": "/etc/docker/daemon.json", "change": "edit", "statement": "s", "disruption": "x"}
RESULT = {
    "changes": [CHANGE],
    "diff": [{"prepared": "+a"}],
    "disruption": "restart",
    "actions": [],
    "limits": [],
}


def test_a_plan_is_known_again_by_its_changes() -> None:
    plan = maintain_parts.host_plan(HostReport("one", State.CHANGED, RESULT))
    cheaper = {**RESULT, "disruption": "reload"}
    other = {**RESULT, "diff": [{"prepared": "+b"}]}

    assert (plan.disruption, plan.changes, plan.trouble) == (Disruption.RESTART, 1, "")
    assert maintain_parts.host_plan(HostReport("one", State.CHANGED, cheaper)).digest == plan.digest
    assert maintain_parts.host_plan(HostReport("one", State.CHANGED, other)).digest != plan.digest


@pytest.mark.parametrize(
    ("told", "trouble"),
    [
        (HostReport("one", State.UNREACHABLE, {"msg": "no route"}), "no route"),
        (HostReport("one", State.FAILED, {}), "failed"),
        (HostReport("one"), "not tried"),
    ],
)
def test_a_host_that_does_not_answer_has_no_plan(told: HostReport, trouble: str) -> None:
    assert maintain_parts.host_plan(told).trouble == trouble
    assert maintain_parts.applied(told).trouble == trouble


def test_what_was_proven_is_told() -> None:
    outcome = {"proofs": [{"what": "docker is up", "holds": "yes", "why": ""}]}

    found = maintain_parts.applied(HostReport("one", State.CHANGED, {"outcome": outcome}))

    assert (found.proofs, found.trouble) == (("docker is up: yes",), "")


@pytest.mark.parametrize(
    ("command", "holds", "why"),
    [
        ("sh -c 'echo $WHARF_HOST; exit 3'", False, "sh exits with 3: one"),
        ("sh -c 'test $WHARF_NODE = pier-1'", True, "sh exits with 0"),
        ("no-such-program", False, "no-such-program exits with 127: No such file or directory"),
    ],
)
async def test_a_gate_runs_its_command(command: str, holds: bool, why: str) -> None:
    gate = Command(words(command), maintain_parts.run_command)

    answer = await gate.ask(Place("r1", "one", "pier-1"))

    assert (answer.holds, answer.why) == (holds, why)


class Terminal(io.StringIO):
    def last(self) -> list[str]:
        """What stands there after the last time that rows were drawn."""
        return self.getvalue().rpartition("\x1b[J")[2].splitlines()


def ticks() -> Iterator[float]:
    yield from map(float, range(1000))


def test_a_person_sees_a_row_for_each_host_and_what_holds_it() -> None:
    terminal, seconds = Terminal(), ticks()
    table = Table(Rows(terminal), lambda: next(seconds))
    state = HostState("one", "pier-1", Step.CORDONED, doing=Work.EVACUATE)
    table.host(HostState("two", "pier-2", message="\x1b[31mred"))

    table.host(state, Progress("pier-1", Kind.HELD, Name("shop", "web-1"), "none may go", 3))

    heading, two, one = terminal.last()
    assert heading.split() == ["HOST", "NODE", "STATE", "PODS", "LEFT", "TIME", "WHAT"]
    assert "\\x1b[31mred" in two
    assert one.split()[:5] == ["one", "pier-1", "cordoned,", "evacuate", "3"]
    assert one.endswith("shop/web-1: none may go")


def test_others_get_an_object_on_each_line(capsys) -> None:
    objects = Objects()
    objects.host(HostState("one", "pier-1", Step.CORDONED, doing=Work.EVACUATE))
    objects.host(
        HostState("one", "pier-1"), Progress("pier-1", Kind.GONE, Name("shop", "web-1"), "x", 0)
    )
    objects.note("paused")
    objects.tick()
    objects.ended({"run": "r1"})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [line["event"] for line in lines] == ["host", "pod-gone", "note", "report"]
    assert (lines[0]["state"], lines[0]["doing"]) == ("cordoned", "evacuate")
    assert (lines[1]["pod"], lines[1]["left"]) == ("shop/web-1", 0)


def test_a_report_is_written_in_the_form_of_its_name(files: RunFiles, tmp_path: Path) -> None:
    with files.locked():
        files.write(EXPLAINED)
        files.write(Skipped("one", "aborted"))
    document = report.document(files.read())
    paths = (tmp_path / "report.md", tmp_path / "report.json")

    maintain_output.write_reports(document, paths)

    assert "| one | pier-1 | skipped |" in paths[0].read_text()
    assert json.loads(paths[1].read_text()) == document
    with pytest.raises(UsageError):
        maintain_output.check_report_names((tmp_path / "report.html",))
