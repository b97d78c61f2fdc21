"""
One request to the Docker API, as the daemon tells its authorization plugin of it.

The daemon passes a body only if the request says `application/json` and the body is below 1 MiB, and
of several headers with one name it passes the last while it obeys the first. So there can be a body
that we are not shown: what depends on one is refused then (CVE-2024-41110, CVE-2026-34040).

https://docs.docker.com/engine/extend/plugins_authorization/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from wharfinger.errors import BadInput
from wharfinger.hosts.on_host.docker_authz import body
from wharfinger.hosts.on_host.docker_authz.body import Members
from wharfinger.hosts.on_host.docker_authz.target import Target, UnclearRequest


class InvalidEnvelope(BadInput):
    """What was sent to the plugin is not what a daemon sends."""

    code = "invalid-authorization-request"

    def __init__(self) -> None:
        super().__init__("cannot read what the daemon asks: it is not an authorization request")


@dataclass(frozen=True)
class Call:
    """`headers` have lower-case names; `body` is `None` where the daemon did not pass one."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Call:
        """Read the JSON of `AuthZPlugin.AuthZReq`."""
        try:
            document = json.loads(raw)
            headers = document.get("RequestHeaders") or {}
            passed = document.get("RequestBody")
            return cls(
                method=_text(document["RequestMethod"]),
                uri=_text(document["RequestUri"]),
                headers={name.lower(): _text(value) for name, value in headers.items()},
                body=base64.b64decode(passed, validate=True) if passed else None,
            )
        except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
            raise InvalidEnvelope from None

    def target(self) -> Target:
        return Target.parse(self.uri)

    def document(self) -> Members:
        """The JSON body; refuses the call if there is none that we were shown."""
        if self.body is None:
            size = self.headers.get("content-length", "unknown")
            raise UnclearRequest(
                f"the daemon did not pass its body (length {size}): it has to be JSON below 1 MiB"
            )
        return body.parse(self.body)

    def require_no_form(self) -> None:
        """Refuse a body that may be a form: the daemon takes its fields before those of the query."""
        shown = self.body is not None
        if "content-type" in self.headers and not shown and self._may_have_body:
            raise UnclearRequest("it has a body that was not passed, which may hold other fields")

    @property
    def _may_have_body(self) -> bool:
        # Go drops the length of a chunked body, so only a zero is a proof.
        return self.headers.get("content-length") != "0"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
