"""
What mounts a filesystem at boot: a mount unit under systemd, a line of /etc/fstab without.

`add` and `remove` bring it about and say what stood in the files before, so that `put_back` can undo
them. Lines of others in /etc/fstab stay byte for byte. A unit holds back the engines until the
filesystem is there: one that starts on the empty directory below would seem to have lost everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.states import State
from wharfinger.hosts.on_host.storage.work import Setting

FSTAB: Final = "/etc/fstab"
UNITS: Final = "/etc/systemd/system"

_ENGINES: Final = "docker.service containerd.service"
_TARGET: Final = "local-fs.target"
_PLAIN: Final = re.compile(rb"[A-Za-z0-9:_.]")
_CHECKED: Final = {"xfs": "0", "ext4": "2"}


@dataclass(frozen=True)
class BootMount:
    """`source` is what fstab(5) takes: `UUID=…`, or a path."""

    source: str
    target: str
    type: str
    options: tuple[str, ...] = ()


def unit_name(target: str) -> str:
    """The name that systemd wants of a mount's unit: systemd.unit(5), string escaping."""
    parts = target.strip("/").encode().split(b"/")
    escaped = "-".join(_escaped(part, first=not at) for at, part in enumerate(parts))
    return f"{escaped or '-'}.mount"


def units(machine: Machine) -> bool:
    """As sd_booted(3)."""
    return machine.files.look("/run/systemd/system") is not None


def path_of(machine: Machine, target: str) -> str:
    """The file that `add` writes for a mount at `target`."""
    return f"{UNITS}/{unit_name(target)}" if units(machine) else FSTAB


def add(mount: BootMount, setting: Setting) -> None:
    """Have it mounted at each boot. Done twice, it is there once."""
    tree = setting.machine.files
    path = path_of(setting.machine, mount.target)
    before = states.capture(tree, path)
    if path == FSTAB:
        _write(setting, before, _with_line(_text(before), mount))
    else:
        _write(setting, before, unit_text(mount))
        enable(unit_name(mount.target), setting)


def remove(target: str, setting: Setting) -> None:
    """Have nothing mounted there at boot any more, whoever has asked for it."""
    machine = setting.machine
    table = states.capture(machine.files, FSTAB)
    kept = without(_text(table), target)
    if kept != _text(table):
        _write(setting, table, kept)
    if not units(machine):
        return
    unit = states.capture(machine.files, f"{UNITS}/{unit_name(target)}")
    if unit.kind != "absent":
        _disable(unit_name(target), setting)
        states.put(machine.files, [states.absent(unit.path)], setting.order_id)
    _reload(setting)


def enable(name: str, setting: Setting) -> None:
    """Have systemd take a unit as its file says, now and at boot: it reads all units again for it."""
    setting.command("systemctl", "--quiet", "enable", name, doing=f"enable {name}")


def seen(machine: Machine, target: str) -> dict[str, Any]:
    """The file that `add` would change, as it stands now, for `put_back`."""
    return states.to_json(states.capture(machine.files, path_of(machine, target)))


def put_back(target: str, before: Mapping[str, Any], setting: Setting) -> None:
    """Undo `add`. In /etc/fstab others may have written meanwhile: only the line of this mount goes."""
    machine = setting.machine
    was = states.from_json(before)
    if was.path == FSTAB:
        found = states.capture(machine.files, FSTAB)
        left = without(_text(found), target)
        if left.rstrip("\n") == _text(was).rstrip("\n"):
            states.put(machine.files, [was], setting.order_id)
        elif left != _text(found):
            _write(setting, found, left)
        return
    if was.kind == "absent" and machine.files.look(was.path) is not None:
        _disable(unit_name(target), setting)
    states.put(machine.files, [was], setting.order_id)
    _reload(setting)


def unit_text(mount: BootMount) -> str:
    source = mount.source
    if source.startswith("UUID="):
        source = f"/dev/disk/by-uuid/{source[len('UUID=') :]}"
    options = f"Options={','.join(mount.options)}\n" if mount.options else ""
    return (
        "# Written by wharf storage.\n"
        "[Unit]\n"
        f"Description=Storage of containers at {mount.target}\n"
        f"Before={_TARGET} {_ENGINES}\n\n"
        "[Mount]\n"
        f"What={_specified(source)}\n"
        f"Where={_specified(mount.target)}\n"
        f"Type={mount.type}\n"
        f"{options}\n"
        "[Install]\n"
        f"WantedBy={_TARGET}\n"
        f"RequiredBy={_ENGINES}\n"
    )


def line_of(mount: BootMount) -> str:
    fields = (
        mount.source,
        mount.target,
        mount.type,
        ",".join(mount.options) or "defaults",
        "0",
        _CHECKED.get(mount.type, "0"),
    )
    return " ".join(map(_field, fields)) + "\n"


def without(table: str, target: str) -> str:
    """The text of /etc/fstab without the lines of this mount point."""
    lines = table.splitlines(keepends=True)
    return "".join(line for line in lines if _target_of(line) != target)


def _with_line(table: str, mount: BootMount) -> str:
    kept = without(table, mount.target)
    end = "" if kept.endswith("\n") or not kept else "\n"
    return f"{kept}{end}{line_of(mount)}"


def _write(setting: Setting, before: State, text: str) -> None:
    mode = before.mode if before.kind == "file" else 0o644
    wanted = states.file(before.path, text.encode(), mode=mode, uid=before.uid, gid=before.gid)
    states.put(setting.machine.files, [wanted], setting.order_id)


def _disable(name: str, setting: Setting) -> None:
    """Its file changes next, and systemd reads all units only after that."""
    words = ("systemctl", "--quiet", "--no-reload", "disable", name)
    setting.command(*words, doing=f"disable {name}")


def _reload(setting: Setting) -> None:
    setting.command("systemctl", "daemon-reload", doing="have systemd read its units again")


def _text(state: State) -> str:
    return (state.content or b"").decode("utf-8", "surrogateescape")


def _target_of(line: str) -> str:
    fields = line.split()
    if len(fields) < 2 or fields[0].startswith("#"):
        return ""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1])


def _field(text: str) -> str:
    r"""fstab(5): a blank is `\040`."""
    return "".join(f"\\{ord(one):03o}" if one in " \t\n\\#" else one for one in text)


def _specified(text: str) -> str:
    """In units `%` begins a specifier."""
    return text.replace("%", "%%")


def _escaped(part: bytes, *, first: bool) -> str:
    return "".join(_letters(part, first=first))


def _letters(part: bytes, *, first: bool) -> Iterator[str]:
    for at, byte in enumerate(part):
        letter = bytes((byte,))
        plain = _PLAIN.fullmatch(letter) and not (first and at == 0 and letter == b".")
        yield letter.decode() if plain else f"\\x{byte:02x}"


def as_options(options: Sequence[str]) -> tuple[str, ...]:
    """What `mount -o` takes."""
    return ("-o", ",".join(options)) if options else ()
