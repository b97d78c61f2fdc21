"""
`wharf hosts`: what this host is, what it should be, and the way there and back.

Each command is imported only when it is called, as those of `wharf` are: a plan needs nothing of what
applies it.
"""

from __future__ import annotations

from typing import Final

from cyclopts import App

_COMMANDS: Final = {
    "apply": (
        "hosts_apply",
        (
            "Bring this host to what the site file says, and prove it.\n\n"
            "If a change or a proof fails, all is taken back."
        ),
    ),
    "bundle": (
        "hosts_bundle",
        "Write what runs on a host as one file.\n\nIt needs Python 3.9 or newer and nothing else.",
    ),
    "drift": (
        "hosts_state",
        (
            "List files that are not as the last apply left them.\n\n"
            "The exit code is 1 if there are any."
        ),
    ),
    "explain": (
        "hosts_explain",
        (
            "Tell what each runtime does with an image, and why.\n\n"
            "Allowed or not, from where it would be pulled, whom it trusts there, and the file and line "
            "that decide. Exits with 5 if no runtime may pull it, and with 4 if only some may."
        ),
    ),
    "facts": ("hosts_plan", "Read what this host is, its runtimes and its files."),
    "history": ("hosts_state", "List what was applied to this host, and how it ended."),
    "plan": (
        "hosts_plan",
        "Show what would change, as diffs, and what it costs.\n\nNothing is written.",
    ),
    "undo": (
        "hosts_apply",
        (
            "Bring back what stood here before an apply.\n\n"
            "Bytes, modes, owners and labels are again as they were."
        ),
    ),
    "verify": ("hosts_state", "Prove that this host is as the site file says."),
}

app = App(name="hosts", help="Bring a host to what the site file says, prove it, undo it.")
for _name, (_module, _help) in _COMMANDS.items():
    app.command(f"wharfinger.cli.{_module}:{_name}", name=_name, help=_help)
