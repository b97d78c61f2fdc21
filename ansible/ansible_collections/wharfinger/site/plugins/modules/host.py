# Copyright: The Wharfinger developers
# SPDX-License-Identifier: Apache-2.0

# The work is done by the action plugin of the same name. This file is its documentation.

DOCUMENTATION = r"""
module: host
short_description: Bring a container host to what the site file says of registries and trust
version_added: "0.1.0"
description:
  - Reads the facts of the host, plans on the controller what has to change, and applies the plan on
    the host with a journal and a proof. What cannot be proven to work is undone.
  - In check mode the plan is made and nothing on the host changes.
  - Docker, Podman, CRI-O, containerd and the system's trust store are served, whichever are there.
options:
  site:
    description:
      - Path of the site file on the controller.
      - Needed where O(state=applied).
    type: path
  state:
    description:
      - V(applied) brings the host to the site file.
      - V(undone) takes back the last apply. A host whose last apply is undone already stays as it is.
    type: str
    choices: [applied, undone]
    default: applied
  disruption:
    description:
      - The most that a change may cost the host's containers. A plan that needs more is refused.
      - V(reload) lets daemons read their configuration again, V(restart) lets them restart if
        containers go on meanwhile, V(drain) lets containers stop.
    type: str
    choices: [none, reload, restart, drain]
    default: restart
requirements:
  - wharfinger on the controller, beside ansible-core
  - Python 3.9 or newer on the host
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: full
  platform:
    description: Target OS or families that can be operated against.
    support: full
    platforms: linux
author:
  - The Wharfinger developers (@wharfinger)
"""

EXAMPLES = r"""
- name: Bring the hosts in order, a quarter of them at a time
  hosts: container_hosts
  become: true
  gather_facts: false
  serial: 25%
  any_errors_fatal: true
  tasks:
    - name: Registries and trust
      wharfinger.site.host:
        site: site.yaml

- name: Let containers stop on a host that was drained
  wharfinger.site.host:
    site: site.yaml
    disruption: drain

- name: Take the last apply back
  wharfinger.site.host:
    state: undone
"""

RETURN = r"""
changes:
  description: Each file that changes, with the statement of the site file that asks for it.
  returned: when O(state=applied)
  type: list
  elements: dict
  sample:
    - path: /etc/containers/registries.conf.d/50-wharfinger.conf
      change: create
      statement: registries.search
      disruption: none
actions:
  description: What the changes need to take effect, what that costs, and why.
  returned: when O(state=applied)
  type: list
  elements: dict
  sample:
    - action: reload docker
      disruption: reload
      why: dockerd reads insecure registries again on SIGHUP
disruption:
  description: What the plan costs the host's containers, V(none), V(reload), V(restart) or V(drain).
  returned: when O(state=applied)
  type: str
  sample: reload
limits:
  description: Statements of the site file that a runtime of this host cannot enforce.
  returned: when O(state=applied)
  type: list
  elements: dict
  sample:
    - runtime: containerd
      statement: registries.search
      instead: names are never completed
outcome:
  description: What came of it on the host. Its C(id) names the entry in the host's journal.
  returned: when something was applied or undone
  type: dict
  sample:
    id: 20261123T020405-1
    ending: applied
    time: 1795399445.1
    paths: [/etc/containers/registries.conf.d/50-wharfinger.conf]
    actions: []
    proofs: []
    trouble: ""
"""
