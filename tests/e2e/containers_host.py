"""
Apply a site file to this host for the containers tools alone, or undo that, as `wharf hosts` does for
all of its runtimes: `containers_host.py apply SITE`, `containers_host.py undo`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from wharfinger.cli import hosts_output, site_file
from wharfinger.hosts.on_host import apply, reading
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Ending
from wharfinger.hosts.plan import plan
from wharfinger.hosts.runtimes import containers


def main(what: str, *site: str) -> int:
    machine = Machine()
    if what == "undo":
        outcome = apply.undo(machine)
    else:
        wanted = site_file.load(Path(site[0]))
        planned = plan(wanted, reading.read_facts(machine), compilers=(containers,))
        outcome = apply.apply(planned.order, machine)
    print(hosts_output.outcome_text(outcome))
    return 1 if outcome.ending is Ending.ROLLED_BACK else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
