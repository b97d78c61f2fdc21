"""What differs between a run in CI and one at a desk."""

from __future__ import annotations

import os
import random
from typing import Final

IN_CI: Final = os.environ.get("CI") == "true"


def seed() -> int:
    """Where what a test draws begins; to be told with a failure, since WHARF_SEED asks for it again.

    In CI it is always the same, so that a failure there tells of the change, not of luck.
    """
    return int(os.environ.get("WHARF_SEED", 0 if IN_CI else random.randrange(10**6)))
