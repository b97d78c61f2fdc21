"""
Where the `wharf` program starts.

Nearly all of a short command's time goes into importing, and a tenth of that into looking for
garbage among modules that stay anyway. So the collector is told to wait before anything large is
imported, and it goes on with these steps: they suit a server that keeps its objects too.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000


def main() -> None:
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    from wharfinger.cli import app

    sys.exit(app.run(sys.argv[1:]))


def as_kubectl_plugin() -> None:
    """`kubectl evacuate …` runs a program of this name with all that follows."""
    sys.argv.insert(1, "evacuate")
    main()
