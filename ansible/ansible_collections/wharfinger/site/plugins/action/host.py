# Copyright: The Wharfinger developers
# SPDX-License-Identifier: Apache-2.0

"""
The controller's half of `wharfinger.site.host`: it plans, and has `host_part` do the rest on a host.

One step reads the facts, and a second one applies what was planned from them. A host that is in
order needs the first only. Secrets go to a host in the order, which is part of a module's input and
never of a command line.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

try:
    from wharfinger.cli import hosts_output, site_file
    from wharfinger.errors import WharfingerError
    from wharfinger.hosts import bundle
    from wharfinger.hosts import plan as planning
    from wharfinger.hosts.on_host import changes, facts
    from wharfinger.hosts.on_host.changes import Disruption
    from wharfinger.hosts.on_host.results import Ending
except ImportError as error:
    MISSING = error
else:
    MISSING = None
    # Made here, where Ansible loads the plugin, and not in each of the workers that it forks then.
    ARCHIVE = base64.b64encode(bundle.content()).decode()

SPECIFICATION = {
    "site": {"type": "path"},
    "state": {"type": "str", "choices": ["applied", "undone"], "default": "applied"},
    "disruption": {
        "type": "str",
        "choices": ["none", "reload", "restart", "drain"],
        "default": "restart",
    },
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        asked = self.validate_argument_spec(
            SPECIFICATION, required_if=[("state", "applied", ["site"])]
        )[1]
        if MISSING is not None:
            raise AnsibleActionFail(
                "cannot plan: the Python package wharfinger is not installed beside ansible-core "
                f"on the controller ({MISSING})"
            )
        try:
            if asked["state"] == "undone":
                return self._undone(task_vars)
            return self._applied(asked, task_vars)
        except WharfingerError as error:
            raise AnsibleActionFail(_told(error.message, error.remedy)) from None

    def _applied(self, asked, task_vars):
        site = site_file.load(Path(self._find_needle("files", asked["site"])))
        checking = self._task.check_mode
        found = facts.from_json(self._do("facts" if checking else "recover", task_vars))
        planned = planning.plan(site, found)
        result = self._result(planned, found)
        allowed = Disruption[asked["disruption"].upper()]
        if planned.disruption > allowed:
            message = (
                f"cannot apply: it needs a {planned.disruption}, and at most {allowed} is allowed"
            )
            return {**result, "changed": False, "failed": True, "msg": message}
        if checking or not planned.changes:
            return result
        order = json.dumps(changes.to_json(planned.order))
        outcome = self._do("apply", task_vars, order=order)
        if outcome["ending"] == Ending.ROLLED_BACK.value:
            message = f"cannot apply: {outcome['trouble']}; all changes were taken back"
            return {**result, "changed": False, "failed": True, "msg": message, "outcome": outcome}
        return {**result, "outcome": outcome}

    def _undone(self, task_vars):
        last = self._do("last", task_vars)
        if last is None or last["ending"] != Ending.APPLIED.value:
            return {"changed": False}
        if self._task.check_mode:
            return {"changed": True}
        return {"changed": True, "outcome": self._do("undo", task_vars)}

    def _result(self, planned, found):
        document = hosts_output.plan_document(planned, found)
        diffs = [change.pop("diff") for change in document["changes"]]
        result = {key: document[key] for key in ("changes", "actions", "disruption", "limits")}
        result["changed"] = bool(planned.changes)
        if self._task.diff:
            result["diff"] = [{"prepared": diff} for diff in diffs]
        return result

    def _do(self, step, task_vars, **more):
        """Have the host do a step, and return its answer."""
        result = self._execute_module(
            module_name="wharfinger.site.host_part",
            module_args={"archive": ARCHIVE, "step": step, **more},
            task_vars=task_vars,
        )
        if result.get("failed"):
            raise AnsibleActionFail(_told(_reason(result), result.get("remedy")), result=result)
        return result["answer"]


def _reason(result):
    """Why a step failed; where Python itself did, the last it said."""
    words = (result.get("module_stderr") or "").split("\n")
    said = next((line for line in reversed(words) if line.strip()), "")
    return ": ".join(part for part in (result.get("msg", "the host gave no reason"), said) if part)


def _told(message, remedy):
    return message if remedy is None else f"{message} (hint: {remedy})"
