"""`wharf hosts explain`: what the runtimes of a host do with an image, and which line says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from wharfinger.cli import host, output
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.host import HERE, FactsOption, RootOption
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized, say
from wharfinger.hosts import explain as explaining
from wharfinger.hosts.explain.verdict import Explanation, Source
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.oci.reference import ImageReference

COLUMNS: Final = (
    Column("RUNTIME", lambda item: str(item["runtime"])),
    Column("IMAGE", lambda item: str(item["image"])),
    Column("VERDICT", lambda item: "allowed" if item["allowed"] else "refused"),
    Column("WHY", lambda item: str(item["reason"])),
    Column("DECIDED BY", lambda item: item["decidedBy"] or "-"),
)
SOURCES: Final = (
    Column("RUNTIME", lambda item: str(item["runtime"])),
    Column("PULLED FROM", lambda item: str(item["name"])),
    Column("TLS", lambda item: "insecure" if item["insecure"] else "verified"),
    Column("TRUSTED", lambda item: ", ".join(["system", *item["authorities"]])),
    Column("CLIENT", lambda item: item["clientCertificate"] or "-"),
    Column("SET BY", lambda item: item["setBy"] or "-"),
)

if TYPE_CHECKING:
    from wharfinger.cli.client import Object


def explain(
    image: str,
    /,
    *,
    root: RootOption = HERE,
    facts: FactsOption = None,
    form: Output = OUTPUT,
) -> int:
    """Tell what each runtime does with an image, and why.

    Parameters
    ----------
    image
        Name of the image, as one would pull it.
    root
        Directory tree to look at instead of this host.
    facts
        Look at the host whose facts this file has (`wharf hosts facts -o json`).
    """
    found = explaining.explain(host.found(root, facts), ImageReference.parse(image))
    documents = [_document(one) for one in found]
    if form.format in (Format.TABLE, Format.WIDE):
        say("\n".join(_lines(documents)))
    else:
        output.show({"items": documents}, form.format, columns=COLUMNS, kind="runtime")
    return exit_code(found)


def _lines(documents: Sequence[Object]) -> Iterable[str]:
    if not documents:
        yield "this host has no container runtime"
        return
    yield output.table(documents, COLUMNS)
    sources = [
        {"runtime": one["runtime"], **source} for one in documents for source in one["sources"]
    ]
    if sources:
        yield ""
        yield output.table(sources, SOURCES)


def _document(found: Explanation) -> Object:
    return {
        "metadata": {"name": found.runtime},
        "runtime": found.runtime,
        "image": found.image,
        "allowed": found.allowed,
        "reason": found.reason,
        "decidedBy": _place(found.place),
        "sources": [_source(one) for one in found.sources],
    }


def _source(source: Source) -> Object:
    return {
        "name": source.name,
        "insecure": source.insecure,
        "authorities": list(source.authorities),
        "clientCertificate": source.client,
        "setBy": _place(source.place),
    }


def _place(place: Place | None) -> str | None:
    return None if place is None else sanitized(str(place))


def exit_code(found: Iterable[Explanation]) -> int:
    """0 if every runtime may pull the image under some name, 5 if none may, 4 if only some may."""
    allowed: dict[str, bool] = {}
    for one in found:
        allowed[one.runtime] = allowed.get(one.runtime, False) or one.allowed
    if all(allowed.values()):
        return ExitCode.OK
    return ExitCode.PARTIAL if any(allowed.values()) else ExitCode.REFUSED
