"""The two halves of the module `host`, on a directory tree in place of a host at the end of a line."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.wharfinger.site.plugins.action.host import ActionModule
from ansible_collections.wharfinger.site.plugins.modules import host_part

from wharfinger.hosts.on_host import facts
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.on_host.machine import Machine

SITE = "registries: {search: [quay.test], insecure: ['lab.test:5000']}"
LIST = Path("etc/containers/registries.conf.d/50-wharfinger.conf")


class Action(ActionModule):
    """The action plugin, with a host that is within reach; it remembers the steps it was asked for."""

    def __init__(
        self, machine: Machine, *, check: bool = False, found: Facts | None = None
    ) -> None:
        self._task = SimpleNamespace(check_mode=check, diff=True)
        self.machine, self.found = machine, found
        self.steps: list[str] = []

    def _find_needle(self, folder: str, needle: str) -> str:
        return needle

    def _do(self, step, task_vars, order=None):
        self.steps.append(step)
        if self.found is not None:
            return json.loads(json.dumps(facts.to_json(self.found)))
        return json.loads(json.dumps(host_part.do(self.machine, step, order)))

    def apply(self, site: Path, disruption: str = "restart"):
        return self._applied({"site": str(site), "disruption": disruption}, {})

    def undo(self):
        return self._undone({})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE)
    return tmp_path / "site.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree that has Podman."""
    for path in ("usr/bin/podman", "etc/containers/policy.json"):
        (tmp_path / "host" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "host" / path).write_text("{}")
    return tmp_path / "host"


def test_a_host_is_read_and_then_given_its_order(site, root):
    action = Action(Machine(str(root)))

    result = action.apply(site)

    assert action.steps == ["recover", "apply"]
    assert (result["changed"], result["outcome"]["ending"]) == (True, "applied")
    assert [change["path"] for change in result["changes"]] == [f"/{LIST}"]
    assert result["diff"][0]["prepared"].startswith(f"--- /dev/null\n+++ /{LIST}")
    assert "quay.test" in (root / LIST).read_text()


def test_a_host_in_order_is_only_read(site, root):
    Action(Machine(str(root))).apply(site)
    action = Action(Machine(str(root)))

    result = action.apply(site)

    assert (action.steps, result["changed"], result["changes"]) == (["recover"], False, [])


def test_a_check_only_reads(site, root):
    action = Action(Machine(str(root)), check=True)

    result = action.apply(site)

    assert (action.steps, result["changed"]) == (["facts"], True)
    assert not (root / LIST).exists()


def test_what_costs_more_than_is_permitted_is_not_ordered(site, root):
    docker = RuntimeFacts("20.10.24", pid=7)
    found = Facts("one", "debian", "Debian GNU/Linux 12", runtimes={"docker": docker})
    action = Action(Machine(str(root)), found=found)

    result = action.apply(site, disruption="none")

    assert action.steps == ["recover"]
    assert (result["failed"], result["changed"], result["disruption"]) == (True, False, "reload")
    assert result["msg"] == "cannot apply: it needs a reload, and at most none is allowed"


def test_what_was_rolled_back_is_a_failure(site, root):
    class Unlucky(Action):
        def _do(self, step, task_vars, order=None):
            answer = super()._do(step, task_vars, order)
            return {"ending": "rolled back", "trouble": "no room"} if step == "apply" else answer

    result = Unlucky(Machine(str(root))).apply(site)

    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"] == "cannot apply: no room; all changes were taken back"


def test_the_last_apply_is_undone_once(site, root):
    Action(Machine(str(root))).apply(site)
    first, second = Action(Machine(str(root))), Action(Machine(str(root)))

    assert first.undo()["changed"] is True
    assert second.undo() == {"changed": False}
    assert (first.steps, second.steps) == (["last", "undo"], ["last"])
    assert not (root / LIST).exists()


def test_a_check_of_undoing_only_reads(site, root):
    Action(Machine(str(root))).apply(site)

    assert Action(Machine(str(root)), check=True).undo() == {"changed": True}
    assert (root / LIST).exists()


def test_a_host_that_was_never_changed_has_nothing_to_undo(root):
    assert Action(Machine(str(root))).undo() == {"changed": False}


def test_what_a_host_refuses_is_told_with_its_remedy(site, root):
    class Refusing(Action):
        def _execute_module(self, **asked):
            return {"failed": True, "msg": "cannot lock: busy", "remedy": "wait"}

        _do = ActionModule._do

    with pytest.raises(AnsibleActionFail, match=r"cannot lock: busy \(hint: wait\)"):
        Refusing(Machine(str(root))).apply(site)
