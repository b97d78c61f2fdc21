"""
Texts with wildcards: `*` any run of characters, also none; `?` exactly one byte. The rest is literal.

Time is bounded by the product of the lengths, whatever is written: no regular expression stands
behind a pattern that somebody else wrote.
"""

from __future__ import annotations


def matches(pattern: str, text: str) -> bool:
    """Does the whole of `text` fit? Compared by bytes, so that "é" takes two `?`."""
    wanted, given = pattern.encode(), text.encode()
    here = there = 0
    star, resumed = -1, 0
    while there < len(given):
        if here < len(wanted) and wanted[here] == _STAR:
            star, resumed = here, there
            here += 1
        elif here < len(wanted) and wanted[here] in (_ONE, given[there]):
            here, there = here + 1, there + 1
        elif star >= 0:
            # The last star takes one byte more; stars before it never need to.
            resumed += 1
            here, there = star + 1, resumed
        else:
            return False
    return all(byte == _STAR for byte in wanted[here:])


_STAR, _ONE = b"*?"
