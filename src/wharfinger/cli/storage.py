"""
`wharf storage`: what stores data on this host, what it should be, and the way there and back.

Each command is imported only when it is called, as those of `wharf` are.
"""

from __future__ import annotations

from typing import Final

from cyclopts import App

_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "plan": (
        "storage_plan",
        (
            "Show the steps that would be done, what they need and what they cost.\n\n"
            "Nothing is written. With `-o json` the plan can be kept, and applied as it is."
        ),
    ),
}

app = App(name="storage", help="Grow and change the storage of a host, and lose nothing.")
for _name, (_module, _help) in _COMMANDS.items():
    app.command(f"wharfinger.cli.{_module}:{_name}", name=_name, help=_help)
