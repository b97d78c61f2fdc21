"""Of kinds of which there is never an object; what they hold is free-form, and so not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."
_EXTENSIONS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}LimitRange": "metadata spec",
    f"{_CORE}ResourceQuota": "metadata spec status",
    f"{_CORE}Service": "metadata spec status",
    f"{_EXTENSIONS}CustomResourceDefinition": "metadata spec status",
}
