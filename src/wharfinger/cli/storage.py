"""
`wharf storage`: what stores data on this host, what it should be, and the way there and back.

Each command is imported only when it is called, as those of `wharf` are.
"""

from __future__ import annotations

from typing import Final

from cyclopts import App

_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "apply": (
        "storage_apply",
        (
            "Bring the storage of this host to what the site file says, and lose nothing.\n\n"
            "An order that was killed is gone on with first. If a step fails, all is taken back, or it "
            "stops where something has grown."
        ),
    ),
    "history": (
        "storage_apply",
        "List the orders that were begun on this host, and how they ended.",
    ),
    "release": (
        "storage_apply",
        "Remove what an order has kept for its way back. After that there is none.",
    ),
    "undo": (
        "storage_apply",
        "Take back what an order did, as far as it has a way back.",
    ),
    "plan": (
        "storage_plan",
        (
            "Show the steps that would be done, what they need and what they cost.\n\n"
            "Nothing is written. With `-o json` the plan can be kept, and applied as it is."
        ),
    ),
    "status": (
        "storage_status",
        "Show what stores data on this host, how full it is, and when it will be full.",
    ),
    "verify": (
        "storage_plan",
        (
            "Tell whether the storage of this host is as the site file says, and sound.\n\n"
            "Pools, mounts now and at boot, and what the last move has proven to be there. The exit "
            "code is 1 if not."
        ),
    ),
    "watch": (
        "storage_status",
        (
            "Note how full all is, tell what somebody should look at, and extend thin pools in time.\n\n"
            "It goes on until it is ended; `--once` looks once, for cron or a timer."
        ),
    ),
}

app = App(name="storage", help="Grow and change the storage of a host, and lose nothing.")
for _name, (_module, _help) in _COMMANDS.items():
    app.command(f"wharfinger.cli.{_module}:{_name}", name=_name, help=_help)
