"""
Warnings: headers of an answer that kubectl and ours show beside it.

They carry what has no place in an object or a `Status` that clients know to the letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

_MAX_WARNING: Final = 256
_MAX_WARNINGS: Final = 16


def warned(response: Response, warnings: Sequence[str]) -> Response:
    """The answer with headers that clients show beside it."""
    for warning in warnings[:_MAX_WARNINGS]:
        response.headers.append("warning", f'299 - "{_quoted(warning)}"')
    return response


def _quoted(warning: str) -> str:
    """A text of a client's choice must stay one quoted string of one header (RFC 9110)."""
    printable = "".join(char if " " <= char <= "~" else "?" for char in warning[:_MAX_WARNING])
    return printable.replace("\\", "\\\\").replace('"', '\\"')
