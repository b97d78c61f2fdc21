"""
Ask `docker-credential-NAME` for a login, as Docker and Podman do.

The server goes in on standard input and the login comes back on standard output, so that neither is
seen in a list of processes.
"""

from __future__ import annotations

import subprocess
from typing import Final

from wharfinger.oci.credentials import Credential
from wharfinger.remote import logins
from wharfinger.remote.logins import HelperFailed

SECONDS: Final = 30.0
"""A helper may ask a person to unlock a store."""
_LIMIT: Final = 1 << 20
_NONE_KEPT: Final = b"credentials not found"


def ask(program: str, server: str, *, seconds: float = SECONDS) -> Credential | None:
    """None: it keeps none for this server. Raise `HelperFailed`."""
    try:
        done = subprocess.run(
            (f"docker-credential-{program}", "get"),
            input=server.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HelperFailed(program, f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise HelperFailed(program, error.strerror or "it cannot be started") from None
    if done.returncode != 0:
        if _NONE_KEPT in done.stdout[:_LIMIT]:
            return None
        raise HelperFailed(program, f"it ends with {done.returncode}")
    return logins.parse_helped(done.stdout[:_LIMIT], program)
