#!/usr/bin/python
# Copyright: The Wharfinger developers
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: host_part
short_description: Do one step of M(wharfinger.site.host) on a host
version_added: "0.1.0"
description:
  - What the action plugin of M(wharfinger.site.host) runs. Not for playbooks.
  - The part of Wharfinger that runs on a host comes along as an archive, and is kept in memory only.
options:
  archive:
    description: That part, as C(wharf hosts bundle) writes it, in base64.
    type: str
    required: true
  step:
    description:
      - V(facts) reads the host, V(recover) brings back first what a killed apply has left.
      - V(apply) carries out O(order), V(undo) takes the last apply back.
      - V(last) tells how the last apply has ended that was not rolled back.
    type: str
    choices: [facts, recover, apply, undo, last]
    required: true
  order:
    description: The order to carry out, as JSON. It has the contents of files, keys included.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: partial
    details: V(facts) and V(last) only read. The others are refused.
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: none
  platform:
    description: Target OS or families that can be operated against.
    support: full
    platforms: linux
author:
  - The Wharfinger developers (@wharfinger)
"""

EXAMPLES = r"""
- name: It is run by the module host
  wharfinger.site.host:
    site: site.yaml
"""

RETURN = r"""
answer:
  description: Facts, or the outcome of the apply; V(null) where there was none.
  returned: success
  type: dict
"""

import base64
import json
import os
import sys

from ansible.module_utils.basic import AnsibleModule

READ_ONLY = ("facts", "last")


def unpack(archive):
    """Make the archive importable. It lies in memory: a host keeps nothing of it, not even if killed."""
    descriptor = os.memfd_create("wharf-host")
    with os.fdopen(descriptor, "wb", closefd=False) as memory:
        memory.write(base64.b64decode(archive))
    sys.path.insert(0, f"/proc/self/fd/{descriptor}")


def do(machine, step, order=None):
    """Do a step and return its answer as JSON has it."""
    from wharfinger.hosts.on_host import apply, changes, facts, reading, results
    from wharfinger.hosts.on_host.results import Ending

    if step == "apply":
        return results.to_json(apply.apply(changes.from_json(json.loads(order)), machine))
    if step == "undo":
        return results.to_json(apply.undo(machine))
    if step == "last":
        kept = [one for one in apply.history(machine) if one.ending is not Ending.ROLLED_BACK]
        return results.to_json(kept[-1]) if kept else None
    if step == "recover":
        apply.recover(machine)
    return facts.to_json(reading.read_facts(machine))


def main():
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "str", "required": True, "no_log": True},
            "step": {
                "type": "str",
                "required": True,
                "choices": ["facts", "recover", "apply", "undo", "last"],
            },
            "order": {"type": "str", "no_log": True},
        },
        required_if=[("step", "apply", ["order"])],
        supports_check_mode=True,
    )
    if sys.version_info < (3, 9):  # noqa: UP036  Ansible itself goes further back
        found = "{}.{}".format(*sys.version_info)
        module.fail_json(msg=f"cannot work with Python {found} on the host: 3.9 is the oldest")
    if module.check_mode and module.params["step"] not in READ_ONLY:
        module.fail_json(msg=f"cannot {module.params['step']} in check mode")
    unpack(module.params["archive"])
    from wharfinger.errors import WharfingerError
    from wharfinger.hosts.on_host.machine import Machine

    try:
        answer = do(Machine(), module.params["step"], module.params["order"])
    except WharfingerError as error:
        module.fail_json(msg=error.message, code=error.code, remedy=error.remedy)
    module.exit_json(answer=answer)


if __name__ == "__main__":
    main()
