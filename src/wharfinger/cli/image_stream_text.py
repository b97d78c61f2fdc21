"""
An image stream and the images of an import in the words of `oc describe`, for people.

Whatever a registry or another person may have written is shown so that it cannot act on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from wharfinger.cli import output
from wharfinger.cli.client import Object
from wharfinger.cli.terminal import sanitized
from wharfinger.oci.image_stream_names import prioritize

EVENTS: Final = 5
"""So many images of a tag's history are shown."""
_WIDTH: Final = 20
_UNITS: Final = ("B", "kB", "MB", "GB")


def stream(item: Object) -> str:
    """What it has: where its images are, and each tag with source, history and failure."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    asked = {tag["name"]: tag for tag in spec.get("tags") or ()}
    held = {tag["tag"]: tag for tag in status.get("tags") or ()}
    tags = prioritize({*asked, *held})
    local = (spec.get("lookupPolicy") or {}).get("local") is True
    images = {event.get("image") for tag in held.values() for event in tag.get("items") or ()}
    lines = _fields(
        ("Name", output.name(item)),
        ("Namespace", item.get("metadata", {}).get("namespace", "")),
        ("Created", f"{output.age(item)} ago"),
        ("Image Repository", status.get("dockerImageRepository", "<none>")),
        ("Imported From", spec.get("dockerImageRepository", "")),
        ("Image Lookup", f"local={'true' if local else 'false'}"),
        ("Unique Images", str(len(images - {None, ""}))),
        ("Tags", str(len(tags)) if tags else "<none>"),
    )
    for tag in tags:
        lines += ["", sanitized(tag), *_tag(asked.get(tag) or {}, held.get(tag) or {})]
    return "\n".join(lines)


def _tag(asked: Object, held: Object) -> Iterable[str]:
    yield f"  {sanitized(_origin(asked))}"
    if (asked.get("importPolicy") or {}).get("insecure"):
        yield "    will use insecure HTTPS or HTTP connections"
    if (asked.get("referencePolicy") or {}).get("type") == "Local":
        yield "    prefer registry pullthrough when referencing this tag"
    yield ""
    for condition in held.get("conditions") or ():
        if condition.get("type") == "ImportSuccess" and condition.get("status") == "False":
            reason, message = condition.get("reason", ""), condition.get("message", "")
            yield sanitized(f"  ! error: Import failed ({reason}): {message}")
    events = held.get("items") or ()
    for position, event in enumerate(events[:EVENTS]):
        mark = "*" if position == 0 else " "
        yield sanitized(f"  {mark} {event.get('dockerImageReference', '')}")
        yield f"      {output.age({'metadata': {'creationTimestamp': event.get('created')}})} ago"
    if len(events) > EVENTS:
        yield f"    and {len(events) - EVENTS} more"
    if not events and not held.get("conditions"):
        yield "  ~ importing latest image ..." if asked.get("from") else "  no image yet"


def _origin(asked: Object) -> str:
    source = asked.get("from") or {}
    name = source.get("name", "")
    if not name:
        return "no spec tag"
    place = f"{source['namespace']}/" if source.get("namespace") else ""
    if asked.get("reference"):
        return f"reference to {place}{name}"
    if (asked.get("importPolicy") or {}).get("scheduled"):
        return f"updates automatically from registry {name}"
    return f"tagged from {place}{name}"


def image(item: Object, tag: str) -> str:
    """One image that came with an import, under the tag that it came for."""
    known: dict[str, Any] = item.get("dockerImageMetadata") or {}
    config: dict[str, Any] = known.get("Config") or {}
    labels = config.get("Labels") or {}
    architecture = "/".join(
        part for part in (known.get("Os", ""), known.get("Architecture", "")) if part
    )
    return "\n".join(
        _fields(
            ("Image Name", tag),
            ("Container Image", item.get("dockerImageReference", "")),
            ("Name", output.name(item)),
            ("Image Created", str(known.get("Created") or "")),
            ("Image Size", size(known.get("Size"))),
            ("Layers", str(len(item.get("dockerImageLayers") or ())) or ""),
            ("Arch", architecture),
            ("Author", str(known.get("Author") or "")),
            ("Entrypoint", " ".join(map(str, config.get("Entrypoint") or ()))),
            ("Command", " ".join(map(str, config.get("Cmd") or ()))),
            ("User", str(config.get("User") or "")),
            ("Exposes Ports", ", ".join(map(str, config.get("ExposedPorts") or ()))),
            ("Docker Labels", ", ".join(f"{name}={labels[name]}" for name in sorted(labels))),
        )
    )


def size(number: object) -> str:
    if not isinstance(number, int | float) or number <= 0:
        return ""
    amount, unit = float(number), 0
    while amount >= 1000 and unit + 1 < len(_UNITS):
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.4g}{_UNITS[unit]}"


def _fields(*fields: tuple[str, str]) -> list[str]:
    return [f"{f'{name}:':{_WIDTH}}{sanitized(value)}" for name, value in fields if value]
