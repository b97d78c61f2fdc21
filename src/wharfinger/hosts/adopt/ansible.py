"""
What the variables of the OpenShift 3 installer say, as a site file.

The lists of registries may be lists, comma-separated text, or JSON in text. A site says one thing for
all of its hosts: the widest scope counts, and one that says something else becomes a note.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wharfinger.hosts.adopt import adopted, docker, inventory, openshift
from wharfinger.hosts.adopt.adopted import Adopted
from wharfinger.hosts.adopt.inventory import Variable
from wharfinger.hosts.adopt.said import Note, Said, Told
from wharfinger.hosts.formats.registries_conf import Place

_LISTS: Final = {
    "openshift_docker_additional_registries": "add",
    "openshift_docker_blocked_registries": "block",
    "openshift_docker_insecure_registries": "insecure",
    "cli_docker_additional_registries": "add",
    "cli_docker_blocked_registries": "block",
    "cli_docker_insecure_registries": "insecure",
}
_OPTIONS: Final = "openshift_docker_options"
_POLICIES: Final[Mapping[str, Callable[[Any, str, Place], Said]]] = {
    "openshift_master_admission_plugin_config": openshift.plugins,
    "openshift_master_image_policy_config": openshift.imports,
}
_WIDEST: Final = ("all", "OSEv3")
_ABOUT: Final = ("registr", "image_policy", "docker_ent_reg")


def adopt(files: Mapping[str, bytes]) -> Adopted:
    """From an inventory and the variable files beside it, by path."""
    return adopted.joined(list(said(files)))


def said(files: Mapping[str, bytes]) -> Iterator[Said]:
    found = sorted(inventory.variables(files), key=_width)
    chosen: dict[str, Variable] = {}
    notes: list[Note] = []
    for variable in found:
        if variable.name in (*_LISTS, _OPTIONS, *_POLICIES):
            first = chosen.setdefault(variable.name, variable)
            notes += _difference(first, variable)
        elif variable.name.startswith("openshift_") and any(
            word in variable.name for word in _ABOUT
        ):
            notes.append(Note(variable.place, f"left out: the variable {variable.name}"))
    yield from _of_variables(chosen, notes)


def _width(variable: Variable) -> int:
    """Wide scopes first: what holds for all hosts is what a site can say."""
    if variable.scope in _WIDEST:
        return _WIDEST.index(variable.scope)
    return len(_WIDEST) + variable.is_host


def _difference(first: Variable, other: Variable) -> Iterator[Note]:
    if _value(other.value) != _value(first.value):
        yield Note(
            other.place,
            f"left out: {other.scope} has another {other.name} than {first.scope} ({first.place}),"
            " and a site says one thing for all hosts",
        )


def _of_variables(chosen: Mapping[str, Variable], notes: list[Note]) -> Iterator[Said]:
    given: dict[str, tuple[Told, ...]] = {}
    for variable in chosen.values():
        if _is_unread(variable.value):
            notes.append(
                Note(variable.place, f"left out: {variable.name} is a template or a vault")
            )
        elif variable.name == _OPTIONS:
            for key, told in docker.flags(str(variable.value), variable.place).items():
                given[key] = (*given.get(key, ()), *told)
        elif variable.name in _LISTS:
            key = _LISTS[variable.name]
            given[key] = (*given.get(key, ()), *_names(variable, notes))
    yield docker.said("the inventory", given, notes)
    for name, read in _POLICIES.items():
        if name in chosen and not _is_unread(chosen[name].value):
            yield read(_value(chosen[name].value), name, chosen[name].place)


def _names(variable: Variable, notes: list[Note]) -> Iterator[Told]:
    value = _value(variable.value)
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        notes.append(Note(variable.place, f"left out: {variable.name} is no list"))
        return
    for item in items:
        if not isinstance(item, str):
            text = f"left out: {variable.name} has something that is no text"
            notes.append(Note(variable.place, text))
        elif item.strip():
            yield Told(item.strip(), variable.place)


def _value(value: object) -> Any:
    """Text that is JSON, or a literal of Python as Ansible reads it in INI, as what it says."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{", '"', "'"):
        return value
    for read in (json.loads, ast.literal_eval):
        try:
            return json.loads(json.dumps(read(value.strip()), allow_nan=False))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue  # a value that JSON does not have is left as the text that it is
    return value


def _is_unread(value: object) -> bool:
    return isinstance(value, str) and ("{{" in value or value.lstrip().startswith("$ANSIBLE_VAULT"))
