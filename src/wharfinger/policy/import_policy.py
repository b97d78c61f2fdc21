"""
What a site says of imports: `imagePolicyConfig`, as it is written for OpenShift.

It is found in a whole `master-config.yaml` (below `imagePolicyConfig`), alone, in the variables of
the installer (`openshift_master_image_policy_config` and the list beside it, each also as JSON text),
and in the `spec` of the `Image` configuration of OpenShift 4. Unknown fields are faults, so that a
misspelled list does not allow everything. `mirrors` is ours; in OpenShift 4 it is objects of their own.

Defaults are those of the newest OpenShift. Older ones took 5 tags of a repository at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy import import_list
from wharfinger.policy.imagepolicy.faults import Fault, Faults, Path, Section
from wharfinger.policy.import_list import ImportList

UNLIMITED: Final = -1
_MAX_IMAGES: Final = 50
_INTERVAL: Final = 900
_PER_MINUTE: Final = 60
_KEY: Final = "imagePolicyConfig"
_VARIABLE: Final = "openshift_master_image_policy_config"
_LIST_VARIABLE: Final = "openshift_master_image_policy_allowed_registries_for_import"
_FIELDS: Final = (
    "maxImagesBulkImportedPerRepository",
    "disableScheduledImport",
    "scheduledImageImportMinimumIntervalSeconds",
    "maxScheduledImageImportsPerMinute",
    "allowedRegistriesForImport",
    "internalRegistryHostname",
    "externalRegistryHostname",
    "additionalTrustedCA",
    "mirrors",
)
_IMAGE_SPEC_FIELDS: Final = (
    "allowedRegistriesForImport",
    "externalRegistryHostnames",
    "additionalTrustedCA",
    "registrySources",
    "imageStreamImportMode",
)


class InvalidImportPolicy(BadInput):
    code = "invalid-import-policy"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"cannot use the import policy: {faults[0]}")
        self.faults = tuple(faults)
        self.details = tuple(map(str, faults)) if len(faults) > 1 else ()


@dataclass(frozen=True, slots=True)
class MirrorRule:
    """`source` is a registry or a path in one, as each of `mirrors` is. With `digest_only` mirrors
    are asked for digests and never for tags; with `blocked` the source itself is not asked.
    """

    source: str
    mirrors: tuple[str, ...]
    digest_only: bool = False
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPolicy:
    """`allowed` None: from everywhere. Counts may be `UNLIMITED`."""

    allowed: ImportList | None = None
    max_images: int = _MAX_IMAGES
    """How many tags of a repository one import takes."""
    scheduled: bool = True
    interval: int = _INTERVAL
    """Seconds between two imports of a scheduled tag."""
    per_minute: int = _PER_MINUTE
    internal: str = ""
    """Our registry as pods know it, `host[:port]`; "" if the configuration does not say."""
    external: str = ""
    additional_ca: str = ""
    """A file of certificates for the registries that are imported from, or the name of a config map."""
    mirrors: tuple[MirrorRule, ...] = ()


def read(document: Any) -> ImportPolicy:
    """Read the configuration; raise `InvalidImportPolicy` with all that is wrong in it."""
    faults = Faults()
    section = _find(document, faults)
    policy = _policy(section)
    if faults.found:
        raise InvalidImportPolicy(faults.found)
    return policy


def _find(document: Any, faults: Faults) -> Section:
    if not isinstance(document, Mapping):
        faults.wrong_type((), document, "an object")
        return Section({}, (), faults)
    if document.get("kind") == "Image" and "spec" in document:
        spec = Section.of(document["spec"], ("spec",), faults, _IMAGE_SPEC_FIELDS)
        return Section(_of_image_spec(spec), ("spec",), faults)
    if _VARIABLE in document or _LIST_VARIABLE in document:
        return _of_installer(document, faults)
    if document.get("kind") == "MasterConfig" or _KEY in document:
        return Section.of(document.get(_KEY), (_KEY,), faults, _FIELDS)
    return Section.of(document, (), faults, ("apiVersion", "kind", *_FIELDS))


def _of_installer(document: Mapping[str, Any], faults: Faults) -> Section:
    config = _decoded(document.get(_VARIABLE), (_VARIABLE,), faults)
    listed = _decoded(document.get(_LIST_VARIABLE), (_LIST_VARIABLE,), faults)
    section = Section.of(config, (_VARIABLE,), faults, _FIELDS)
    if listed is None:
        return section
    # The installer puts the list beside the rest into one configuration.
    return Section({**section.values, "allowedRegistriesForImport": listed}, (_VARIABLE,), faults)


def _of_image_spec(spec: Section) -> dict[str, Any]:
    hosts = spec.texts("externalRegistryHostnames")
    authorities = spec.section("additionalTrustedCA", ("name",))
    return {
        "allowedRegistriesForImport": spec.values.get("allowedRegistriesForImport"),
        "externalRegistryHostname": hosts[0] if hosts else "",
        "additionalTrustedCA": authorities.text("name"),
    }


def _decoded(value: Any, path: Path, faults: Faults) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        faults.invalid(path, value, "it is not JSON")
        return None


def _policy(section: Section) -> ImportPolicy:
    return ImportPolicy(
        allowed=import_list.from_section(section),
        max_images=_count(section, "maxImagesBulkImportedPerRepository", _MAX_IMAGES),
        scheduled=not section.flag("disableScheduledImport"),
        interval=_positive(section, "scheduledImageImportMinimumIntervalSeconds", _INTERVAL),
        per_minute=_count(section, "maxScheduledImageImportsPerMinute", _PER_MINUTE),
        internal=section.text("internalRegistryHostname"),
        external=section.text("externalRegistryHostname"),
        additional_ca=section.text("additionalTrustedCA"),
        mirrors=tuple(_mirrors(section)),
    )


def _mirrors(section: Section) -> Iterator[MirrorRule]:
    for rule in section.sections("mirrors", ("source", "mirrors", "digestOnly", "blocked")):
        found = MirrorRule(
            rule.text("source"),
            rule.texts("mirrors"),
            digest_only=rule.flag("digestOnly"),
            blocked=rule.flag("blocked"),
        )
        for key, place in (("source", found.source), *(("mirrors", one) for one in found.mirrors)):
            if not _is_place(place):
                rule.faults.invalid(rule.at(key), place, "write REGISTRY or REGISTRY/PATH")
        yield found


def _is_place(text: str) -> bool:
    try:
        found = ImageReference.parse(text)
    except InvalidReference:
        return False
    return bool(found.registry) and not found.tag and not found.id


def _count(section: Section, key: str, default: int) -> int:
    value = section.values.get(key)
    if value == UNLIMITED:
        return UNLIMITED
    return _positive(section, key, default, "must be a positive integer or -1")


def _positive(
    section: Section, key: str, default: int, words: str = "must be a positive integer"
) -> int:
    value = section.values.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        section.faults.invalid(section.at(key), value, words)
        return default
    return value
