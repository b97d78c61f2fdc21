"""`wharf hosts plan|apply -i`, with a program in Ansible's place that tells what the test wrote down."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from wharfinger.cli import app
from wharfinger.cli.exit_codes import ExitCode

ANSIBLE = """
import os, pathlib, sys
here = pathlib.Path(__file__).parent.parent
(here / "arguments").write_text("\\n".join(sys.argv[1:-1]))
(here / "play").write_text(pathlib.Path(sys.argv[-1]).read_text())
(here / "callback").write_text(os.environ["ANSIBLE_STDOUT_CALLBACK"])
print((here / "told").read_text(), end="")
sys.exit(int((here / "code").read_text()))
"""
CHANGE = {"path": "/etc/x", "change": "create", "statement": "registries.search"}
PLANNED: dict[str, Any] = {
    "changes": [CHANGE],
    "diff": [{"prepared": "+++ /etc/x\n+quay.test\n"}],
    "actions": [{"action": "reload docker", "disruption": "reload", "why": "it reads it then"}],
    "limits": [],
    "disruption": "reload",
}


class Ansible:
    """What the program is to tell, and what it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ansible").mkdir()
        (folder / "ansible" / "__init__.py").touch()
        (folder / "ansible" / "__main__.py").write_text(ANSIBLE)
        self.tells([])

    def tells(self, lines: list[Any], *, code: int = 0) -> None:
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        (self.folder / "told").write_text("".join(f"{text}\n" for text in texts))
        (self.folder / "code").write_text(str(code))

    @property
    def arguments(self) -> list[str]:
        return (self.folder / "arguments").read_text().splitlines()

    @property
    def play(self) -> str:
        return (self.folder / "play").read_text()

    @property
    def started(self) -> bool:
        return (self.folder / "arguments").exists()


@pytest.fixture
def ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ansible:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("site.yaml").write_text("registries: {search: [quay.test]}")
    return Ansible(tmp_path)


def hosts(*names: str) -> dict[str, list[str]]:
    return {"hosts": list(names)}


def host(name: str, state: str, **result: Any) -> dict[str, Any]:
    return {"host": name, "state": state, "result": result}


def test_hosts_with_one_plan_are_shown_it_once(ansible, capsys):
    ansible.tells(
        [hosts("a", "b", "c")]
        + [host(name, "changed", **PLANNED) for name in "ab"]
        + [host("c", "ok", **{**PLANNED, "changes": [], "diff": [], "disruption": "none"})]
    )

    assert app.run(["hosts", "plan", "-i", "inventory"]) == ExitCode.OK

    assert capsys.readouterr().out == (
        "a, b:\n"
        "create /etc/x   (registries.search)\n"
        "    +++ /etc/x\n"
        "    +quay.test\n"
        "then reload docker (reload): it reads it then\n"
        "\n"
        "HOST   STATE     CHANGES   DISRUPTION\n"
        "a      changed   1         reload\n"
        "b      changed   1         reload\n"
        "c      ok        0         none\n"
    )


def test_a_plan_is_a_check_in_which_everything_may_be_disturbed(ansible):
    ansible.tells([hosts("a"), host("a", "ok")])

    app.run(["hosts", "plan", "-i", "inventory"])

    assert "check_mode: true" in ansible.play
    assert "disruption: drain" in ansible.play


def test_an_apply_hands_on_what_ansible_knows_better(ansible):
    ansible.tells([hosts("a"), host("a", "ok")])
    words = ["-i", "one", "-i", "two,", "--limit", "web", "-f", "3", "--become", "--serial", "5"]

    assert app.run(["hosts", "apply", *words, "--disruption", "reload", "-y"]) == ExitCode.OK

    assert ansible.arguments == [
        *("playbook", "--inventory=one", "--inventory=two,", "--limit=web", "--forks=3"),
        "--become",
    ]
    assert 'serial: "5"' in ansible.play
    assert "disruption: reload" in ansible.play
    assert (ansible.folder / "callback").read_text() == "wharfinger.site.fleet"


def test_some_failed_and_some_were_not_tried(ansible, capsys):
    failed = host("b", "failed", msg="cannot lock: \x1b[31mbusy")
    ansible.tells([hosts("a", "b", "c"), host("a", "changed", **PLANNED), failed], code=2)

    assert app.run(["hosts", "apply", "-i", "x", "-y", "-o", "json"]) == ExitCode.PARTIAL

    out, err = capsys.readouterr()
    states = {one["host"]: one["state"] for one in json.loads(out)["hosts"]}
    assert states == {"a": "changed", "b": "failed", "c": "not tried"}
    assert err == (
        "error: b: cannot lock: \\x1b[31mbusy\nerror: cannot do 2 of 3: see the errors above\n"
    )


def test_all_failed_is_more_than_some(ansible, capsys):
    ansible.tells([hosts("a"), host("a", "unreachable", msg="no route")], code=4)

    assert app.run(["hosts", "plan", "-i", "x"]) == ExitCode.ERROR
    assert "error: a: no route\n" in capsys.readouterr().err


def test_names_alone_are_for_a_shell(ansible, capsys):
    ansible.tells([hosts("a", "b"), host("a", "ok"), host("b", "ok")])

    app.run(["hosts", "plan", "-i", "x", "-o", "name"])

    assert capsys.readouterr().out == "host/a\nhost/b\n"


def test_what_else_ansible_says_stands_beside_the_result(ansible, capsys):
    ansible.tells(["Using /etc/ansible/ansible.cfg\x07", hosts("a"), host("a", "ok")])

    app.run(["hosts", "plan", "-i", "x"])

    out, err = capsys.readouterr()
    assert err == "Using /etc/ansible/ansible.cfg\\x07\n"
    assert "Using" not in out


@pytest.mark.parametrize(("code", "said"), [(0, "find a host in the inv"), (1, "ended with 1")])
def test_no_host_at_all_is_no_success(ansible, capsys, code, said):
    ansible.tells([], code=code)

    assert app.run(["hosts", "plan", "-i", "x"]) == ExitCode.ERROR
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "--limit", "web"],
        ["plan", "-i", "x", "--root", "/srv"],
        ["plan", "-i", "x", "--facts", "facts.json"],
        ["apply", "-i", "x"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_starts_nothing(ansible, words):
    assert app.run(["hosts", *words]) == ExitCode.USAGE
    assert not ansible.started


@pytest.mark.parametrize(
    "words", [["apply", "-i", "x", "-y", "--serial", "0"], ["plan", "bad.yaml", "-i", "x"]]
)
def test_what_cannot_be_read_is_told_once_and_not_by_each_host(ansible, words):
    Path("bad.yaml").write_text("registries: 7")

    assert app.run(["hosts", *words]) == ExitCode.ERROR
    assert not ansible.started


def test_a_program_that_lies_in_the_folder_is_not_run(ansible, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")

    app.run(["hosts", "plan", "-i", "/nowhere"])

    assert not ansible.started


def test_without_ansible_the_remedy_is_named(ansible, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    assert app.run(["hosts", "plan", "-i", "x"]) == ExitCode.ERROR
    assert "hint: install it beside wharfinger: pip install 'wharfinger[fleet]'" in (
        capsys.readouterr().err
    )
