"""
`wharf trust backup`, `contents` and `restore`: all that makes a host trust, kept and brought back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wharfinger.cli import host, hosts_output, output, site_file, trust_output, trust_site
from wharfinger.cli.hosts_apply import RolledBack
from wharfinger.cli.options import OUTPUT, Flag, Output
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.hosts.on_host import apply as applying
from wharfinger.hosts.on_host import distribution, trust_backup
from wharfinger.hosts.on_host.changes import MakeDirectory, Order, RemoveDirectory, RemoveFile
from wharfinger.hosts.on_host.results import Ending
from wharfinger.system import files

RootOption = Annotated[Path, Parameter(show_default=False)]


def backup(path: Path = Path(), /, *, root: RootOption = host.HERE) -> None:
    """Write all that makes this host trust to one file.

    Client keys are among it: keep it private.

    Parameters
    ----------
    path
        File to write, or a directory; in a directory the file is named after host and time.
    root
        Directory tree to look at instead of this host.
    """
    taken = trust_backup.take(host.machine(root))
    target = path / taken.name if path.is_dir() else path
    trust_site.write(target, trust_backup.to_bytes(taken), mode=files.PRIVATE_FILE)
    say(sanitized(str(target)))
    _tell_left_out(taken)


def contents(file: Path, /, *, form: Output = OUTPUT) -> None:
    """Verify a backup and list what is in it.

    Parameters
    ----------
    file
        The backup.
    """
    held = _backup(file)
    output.show(
        trust_output.backup_document(held),
        form.format,
        columns=trust_output.CONTENT_COLUMNS,
        kind="file",
    )
    _tell_left_out(held)


def restore(
    file: Path,
    /,
    *,
    dry_run: Flag = False,
    root: RootOption = host.HERE,
) -> None:
    """Bring the trust of this host to what a backup has.

    Bytes, modes and owners are as they were. What the backup does not have is removed from them. `wharf hosts undo` takes a restore back.

    Parameters
    ----------
    file
        The backup; it is verified first.
    dry_run
        Only say what would change.
    root
        Directory tree to restore to instead of this host.
    """
    machine = host.machine(root)
    held, lost = trust_backup.mapped(_backup(file), distribution.read(machine.files).family)
    for path in lost:
        note(f"warning: {sanitized(path)} has no place on this distribution")
    if not dry_run:
        applying.recover(machine)
    order = trust_backup.order(held, trust_backup.take(machine))
    if dry_run:
        say(_changes(order))
        return
    outcome = applying.apply(order, machine)
    say(hosts_output.outcome_text(outcome))
    if outcome.ending is Ending.ROLLED_BACK:
        raise RolledBack(outcome)


def _backup(path: Path) -> trust_backup.Backup:
    content = site_file.read(path, str(path), limit=trust_backup.SIZE_LIMIT).content
    return trust_backup.from_bytes(content)


def _tell_left_out(backup: trust_backup.Backup) -> None:
    for path, why in backup.left_out.items():
        note(f"warning: {sanitized(path)} is not in the backup: {sanitized(why)}")


def _changes(order: Order) -> str:
    lines = []
    for change in order.files:
        gone = isinstance(change, RemoveFile | RemoveDirectory)
        folder = isinstance(change, MakeDirectory | RemoveDirectory)
        lines.append(f"{'remove' if gone else 'restore'} {sanitized(change.path)}{'/' * folder}")
    return "\n".join(lines) or "already as in the backup"
