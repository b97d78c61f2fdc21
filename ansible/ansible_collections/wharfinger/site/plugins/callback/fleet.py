# Copyright: The Wharfinger developers
# SPDX-License-Identifier: Apache-2.0

"""
Tell `wharf hosts plan|apply -i` what comes of each host, one JSON document on a line of stdout.

The reader is `wharfinger.hosts.fleet`; the shapes of the lines are documented there.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
type: stdout
short_description: One line of JSON for each host
version_added: "0.1.0"
description:
  - What C(wharf hosts plan|apply -i) reads. Each line on stdout is a JSON document.
  - The first names all hosts of the play, the others the result of one host each.
"""

import json

from ansible.plugins.callback import CallbackBase

_TOLD = ("actions", "changes", "diff", "disruption", "limits", "msg", "outcome")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "wharfinger.site.fleet"

    def v2_playbook_on_play_start(self, play):
        variables = play.get_variable_manager().get_vars(play=play)
        self._tell({"hosts": list(variables["ansible_play_hosts_all"])})

    def v2_runner_on_ok(self, result):
        self._tell_of(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, **_how):
        self._tell_of(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._tell_of(result, "unreachable")

    def _tell_of(self, result, state):
        found = result.result
        told = {key: found[key] for key in _TOLD if key in found}
        self._tell({"host": result.host.get_name(), "state": state, "result": told})

    def _tell(self, document):
        self._display.display(json.dumps(document))
