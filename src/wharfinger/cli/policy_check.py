"""`wharf policy check`: is a file of image policy good, and what does it say?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wharfinger.cli import output, policy_file
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.policy.imagepolicy import explanation, remarks
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.faults import dotted

if TYPE_CHECKING:
    from wharfinger.cli.client import Object

COLUMNS: Final = (
    Column("STATEMENT", lambda row: str(row["statement"])),
    Column("ON", lambda row: ", ".join(row["on"]) or "-"),
    Column("MEANS", lambda row: str(row["means"])),
)


def check(path: Path, /, *, form: Output = OUTPUT) -> None:
    """Say what an image policy means, and what is wrong with it, by line.

    Parameters
    ----------
    path
        An ImagePolicyConfig, or a master configuration or installer's variables that hold one.
    """
    found = policy_file.load(path)
    rows = [
        {"metadata": {"name": statement}, "statement": statement, "on": on, "means": means}
        for statement, on, means in _statements(found.policy)
    ]
    if form.format in (Format.TABLE, Format.WIDE):
        say(output.table(rows, COLUMNS))
    else:
        document: Object = {"items": rows}
        output.show(document, form.format, columns=COLUMNS, kind="statement")
    for remark in found.remarks:
        note(f"note: {sanitized(f'{path}:{remark}')}")


def _statements(policy: Policy) -> Iterator[tuple[str, list[str], str]]:
    yield "apiVersion", [], f"the rules of {policy.dialect} hold"
    yield "resolveImages", [], policy.resolve_images
    for rule in policy.resolution_rules:
        local = ", and names of image streams" if rule.local_names else ""
        yield "resolutionRules", [str(rule.target)], f"{rule.policy}{local}"
    for one in policy.execution_rules:
        forced = "; no namespace switches it off" if one.forced else ""
        verb = "rejects" if one.reject else "accepts"
        yield one.title, [*map(str, one.on_resources)], f"{verb} {explanation.subject(one)}{forced}"
    if policy.remote:
        yield "remoteResolution", [], "registries are asked what names mean"
    for kind in policy.paths:
        yield "paths", [str(kind.target)], ", ".join(path.text for path in kind.images)
    for signing in policy.signatures:
        keys = ", ".join(key.name for key in signing.keys)
        on = [*map(str, signing.on_resources)]
        yield signing.name or "signatures", on, f"has to be signed by one of: {keys}"
    if policy.access is not None:
        lists = policy.access.to_json()
        if lists["allow"] is not None:
            yield "registries.allow", [], ", ".join(lists["allow"]) or "nothing"
        if lists["block"]:
            yield "registries.block", [], ", ".join(lists["block"])
    for path, message in remarks.remarks(policy):
        yield dotted(path), [], f"take care: {message}"
