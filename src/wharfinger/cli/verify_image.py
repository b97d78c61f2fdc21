"""`wharf verify-image`: containerd's question whether an image may be pulled."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from wharfinger.hosts.on_host import verify_image as verification


def verify_image(
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)],
) -> int:
    """Decide on an image for containerd 2, as one of its image verifiers.

    containerd calls it; put it in the directory of verifiers by a script of one line. The code is 0
    if the site's rules allow the image.

    Parameters
    ----------
    arguments
        -name NAME -digest DIGEST -stdin-media-type TYPE, as containerd gives them.
    """
    return verification.run(arguments)
