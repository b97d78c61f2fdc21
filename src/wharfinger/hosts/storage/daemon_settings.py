"""
Tell Docker its driver: what has to stand in the file that says it, as steps.

Where a file says the driver, that file goes on saying it: `daemon.json`, or the file of shell
assignments that the unit takes its options from. The store of containerd is a feature, which only
`daemon.json` can name. Options of the driver that goes (`dm.…`, `overlay2.…`) go with it, all else in
either file stays as it is, to the byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.formats import sysconfig
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.hosts.on_host.storage.facts import Engine
from wharfinger.hosts.on_host.storage.steps import ConfigureEngine
from wharfinger.hosts.site.storage import Driver

_VARIABLES: Final = ("DOCKER_STORAGE_OPTIONS", "DOCKER_OPTS", "OPTIONS")
_PREFIXES: Final = ("dm.", "overlay2.")
_FEATURE: Final = ("features", "containerd-snapshotter")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`name` is empty where the driver is not to be named."""

    name: str
    options: tuple[str, ...] = ()
    feature: bool = False


def can_tell(engine: Engine) -> bool:
    """Is the driver said at a place where we can say another one?"""
    if engine.told_by in ("", engine.config):
        return True
    text = engine.texts.get(engine.told_by)
    return text is not None and _variable(_assignments(text, engine.told_by)) is not None


def steps(engine: Engine, driver: Driver, pool: str | None) -> tuple[ConfigureEngine, ...]:
    """What is to be written so that the engine starts with `driver`; nothing where it says so already.

    `pool` is the device of the thin pool. Raise `UnreadableFile` or `CannotEdit`.
    """
    wanted = _wanted(driver, pool)
    if engine.told_by in ("", engine.config):
        return _configured(engine, engine.config, _json(engine, wanted))
    rest = _Wanted("", feature=wanted.feature)
    return (
        *_configured(engine, engine.told_by, _assigned(engine, wanted)),
        *_configured(engine, engine.config, _json(engine, rest)),
    )


def _wanted(driver: Driver, pool: str | None) -> _Wanted:
    if driver is Driver.CONTAINERD:
        return _Wanted("", feature=True)
    if driver is Driver.OVERLAY2 or pool is None:
        return _Wanted(driver.value)
    options = (
        "dm.fs=xfs",
        f"dm.thinpooldev={pool}",
        "dm.use_deferred_removal=true",
        "dm.use_deferred_deletion=true",
    )
    return _Wanted(driver.value, options)


def _configured(engine: Engine, path: str, content: str | None) -> tuple[ConfigureEngine, ...]:
    found = engine.texts.get(path)
    if content is None or content == found:
        return ()
    expect = None if found is None else f"sha256:{hashlib.sha256(found.encode()).hexdigest()}"
    return (ConfigureEngine(engine.name, path, content, expect),)


def _json(engine: Engine, wanted: _Wanted) -> str | None:
    found = engine.texts.get(engine.config)
    text = JsonText.parse(None if found is None else found.encode(), engine.config)
    edited = _with(text, ("storage-driver",), wanted.name or None)
    options = _options(text.get("storage-opts"), wanted)
    edited = _with(edited, ("storage-opts",), options or None)
    if wanted.feature:
        edited = edited.with_value(_FEATURE, True)
    elif text.get(*_FEATURE):
        edited = edited.with_value(_FEATURE, False)
    return None if found is None and edited is text else edited.content.decode()


def _options(found: Any, wanted: _Wanted) -> list[str]:
    """Those that stand there, without those of drivers, and those that are wanted."""
    listed = [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
    return _without_drivers(listed, wanted.options)


def _without_drivers(found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [*(one for one in found if not one.startswith(_PREFIXES)), *wanted]


def _with(text: JsonText, keys: tuple[str, ...], value: Any) -> JsonText:
    return text.without(keys) if value is None else text.with_value(keys, value)


def _assigned(engine: Engine, wanted: _Wanted) -> str | None:
    text = _assignments(engine.texts.get(engine.told_by, ""), engine.told_by)
    name = _variable(text)
    if name is None:
        return None
    value = text.get(name) or ""
    options = _without_drivers(sysconfig.flags(value, "--storage-opt"), wanted.options)
    value = sysconfig.with_flags(value, "-s", ())
    value = sysconfig.with_flags(value, "--storage-driver", (wanted.name,) if wanted.name else ())
    value = sysconfig.with_flags(value, "--storage-opt", options)
    return text.with_value(name, value).content.decode()


def _variable(text: Sysconfig) -> str | None:
    """The variable that names the driver."""
    named = (name for name in _VARIABLES if _names_driver(text.get(name) or ""))
    return next(named, None)


def _names_driver(value: str) -> bool:
    return bool(sysconfig.flags(value, "--storage-driver") or sysconfig.flags(value, "-s"))


def _assignments(text: str, path: str) -> Sysconfig:
    return Sysconfig.parse(text.encode(), path)
