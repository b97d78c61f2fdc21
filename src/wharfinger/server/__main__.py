"""Serve with the settings of the environment: what `wharf up --detach` starts."""

from __future__ import annotations

import os
import sys

from wharfinger.errors import WharfingerError
from wharfinger.server import lifecycle, settings


def main() -> int:
    try:
        lifecycle.run(settings.load({}, os.environ), ready=lambda _: None)
    except WharfingerError as error:
        print("; ".join(filter(None, (error.message, error.remedy))), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
