"""Lists that come in pages: `Link: <…>; rel="next"` leads from each to the next, on the same origin."""

from __future__ import annotations

import re
from typing import Final

from wharfinger.remote.endpoint import Endpoint
from wharfinger.remote.exchange import Answer

_NEXT: Final = re.compile(
    r'\s*<([^<>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?\s*(?:[;,]|\Z)', re.IGNORECASE
)


def next_page(endpoint: Endpoint, target: str, answer: Answer) -> str | None:
    """What to ask for after `target`. Raise `NotUnderstood` if that is elsewhere.

    Nothing says how many pages there are: whoever follows them counts.
    """
    found = _NEXT.match(answer.headers.get("link", ""))
    return None if found is None else endpoint.next_target(target, found[1])
