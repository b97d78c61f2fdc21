"""
May this be imported from there, by what the site says?

An entry that may not is an error of that entry: a request as a whole is refused for it where
somebody waits for the answer, and in the background it is the reason that the tag shows.

`insecure` is the wish of whoever writes a tag, and would let anyone in between say what the image is.
So it needs a line of the site's list with `insecure: true`; without a list there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.openshift import image_sources
from wharfinger.errors import Forbidden
from wharfinger.images.importing.request import ImportRequest, Wanted
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy.import_list import ImportList

REMEDY = (
    "ask an administrator for a line of allowedRegistriesForImport with this domainName and "
    "insecure: true, or give the registry's CA in a config map"
)


class NotPermitted(Forbidden):
    code = "import-not-permitted"


def refusal(wanted: Wanted, allowed: ImportList | None) -> FieldError | None:
    """Why an entry may not be imported by what the list says; None if it may."""
    policy = {"insecure": wanted.insecure}
    entry = {"from": {"kind": wanted.kind, "name": wanted.name}, "importPolicy": policy}
    errors = image_sources.stream_import({"spec": {"images": [entry]}}, allowed)
    return errors[0] if errors else None


def insecurity(wanted: Wanted, allowed: ImportList | None) -> str | None:
    """Why an entry may not be imported insecurely; None if it may, or does not want to be."""
    if not wanted.insecure:
        return None
    try:
        reference = ImageReference.parse(wanted.name)
    except InvalidReference:
        return None
    if may_be_insecure(reference, allowed):
        return None
    return (
        f'importing images from registry "{reference.with_client_defaults().registry}" insecurely '
        f"is forbidden: no line of allowedRegistriesForImport with insecure: true allows it; {REMEDY}"
    )


def may_be_insecure(reference: ImageReference, allowed: ImportList | None) -> bool:
    return allowed is not None and allowed.insecure(reference)


def errors(
    request: ImportRequest, allowed: ImportList | None, *, exempt: bool
) -> Iterator[FieldError]:
    """What to tell somebody who waits. Who is `exempt` may import from everywhere, securely."""
    for path, wanted in _entries(request):
        if not exempt and (refused := refusal(wanted, allowed)) is not None:
            yield replace(refused, field=f"{path}.from.name")
        elif (reason := insecurity(wanted, allowed)) is not None:
            yield FieldError.forbidden(f"{path}.importPolicy.insecure", reason)


def judge(
    wanted: Wanted, allowed: ImportList | None, *, exempt: bool = False
) -> NotPermitted | None:
    """What to tell where nobody waits: the error of one entry."""
    refused = None if exempt else refusal(wanted, allowed)
    if refused is not None:
        return NotPermitted(refused.message.removeprefix("Forbidden: "))
    reason = insecurity(wanted, allowed)
    return NotPermitted(reason) if reason is not None else None


def _entries(request: ImportRequest) -> Iterator[tuple[str, Wanted]]:
    if request.repository is not None:
        yield "spec.repository", request.repository
    for index, wanted in enumerate(request.images):
        yield f"spec.images[{index}]", wanted
