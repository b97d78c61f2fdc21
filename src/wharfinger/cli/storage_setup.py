"""
Where the programs `docker-storage-setup` and `container-storage-setup` start.

They run at each boot before the engine does, so nothing of the rest of the command line is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.setup.command import Command


def main() -> None:
    # We hold files open beside LVM's own, which it would tell of with each command.
    os.environ["LVM_SUPPRESS_FD_WARNINGS"] = "1"
    command = Command(Machine(), Path(sys.argv[0]).name, sys.stdout.write, sys.stderr.write)
    sys.exit(command.run(sys.argv[1:]))
