"""
Numbers that may be given as a part of another: `2` or `"25%"`.

Pure. Each user of such a number says which way it is rounded.
"""

from __future__ import annotations

import re
from typing import Any


def resolve(value: Any, total: int, *, up: bool) -> int:
    """The number that is meant; what is neither a number nor a percentage counts as 0."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"([0-9]{1,9})%", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        return 0
    part = int(match[1]) * total
    return -(-part // 100) if up else part // 100
