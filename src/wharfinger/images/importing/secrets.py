"""
The logins that a project has for other registries: those of its secrets, whichever account links
them, but for secrets that say that they are not for images.

One secret that cannot be read takes nothing from the others: whoever may write secrets in a project
would else stop all its imports. No password leaves this module but as a `Credential`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.oci.credentials import (
    DOCKERCFG_KEY,
    DOCKERCFG_TYPE,
    DOCKERCONFIGJSON_KEY,
    DOCKERCONFIGJSON_TYPE,
    Credential,
    Credentials,
    InvalidCredentials,
    Keyring,
    parse_dockercfg,
    parse_dockerconfigjson,
)
from wharfinger.oci.reference import HUB, HUBS, ImageReference

EXCLUDED: Final = "openshift.io/image.excludeSecret"

_READERS: Final = {
    DOCKERCFG_TYPE: (DOCKERCFG_KEY, parse_dockercfg),
    DOCKERCONFIGJSON_TYPE: (DOCKERCONFIGJSON_KEY, parse_dockerconfigjson),
}


def for_images(secrets: Iterable[Object]) -> list[Object]:
    """Those that hold logins to registries and are meant for images."""
    return [
        secret
        for secret in secrets
        if secret.get("type") in _READERS and annotations_of(secret).get(EXCLUDED) != "true"
    ]


def of_project(cache: Cache, namespace: str) -> Keyring:
    return Keyring(map(read, for_images(cache.list(SECRET.resource, namespace))))


def logins(keyring: Keyring, image: ImageReference) -> list[Credential]:
    """Those to try for an image, the most specific first.

    Two secrets with one login, as those of a project's accounts often are, are one attempt.
    """
    full = image.with_client_defaults()
    if full.registry in HUBS:
        full = ImageReference(HUB, full.namespace, full.name, full.tag)
    spelled = f"{full.registry}/{full.repository}:{full.tag}"
    return list(dict.fromkeys(keyring.lookup(spelled)))


def read(secret: Object) -> Credentials:
    """What a secret holds: nothing if it is of another type, or cannot be read."""
    key, parse = _READERS.get(secret.get("type", ""), ("", None))
    if parse is None:
        return {}
    try:
        return parse(base64.b64decode((secret.get("data") or {}).get(key) or "", validate=True))
    except (InvalidCredentials, binascii.Error):
        return {}
