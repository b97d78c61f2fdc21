"""The options that many commands share, as the values that cyclopts fills."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from wharfinger.cli.terminal import Color

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
Text = Annotated[str, Parameter(show_default=False)]
Many = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]

GROUP: Final = Group("Common options", sort_key=100)


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@Parameter(name="*", group=GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Which server, as whom, and how long to wait."""

    kubeconfig: Annotated[Path | None, Parameter(env_var="WHARF_KUBECONFIG")] = None
    """File with the contexts [default: $KUBECONFIG, then ~/.kube/config]."""

    context: Annotated[str | None, Parameter(env_var="WHARF_CONTEXT")] = None
    """Context of the kubeconfig to use instead of its current one."""

    request_timeout: Annotated[float, Parameter(env_var="WHARF_REQUEST_TIMEOUT")] = 30.0
    """Seconds to wait for an answer of the server."""

    color: Annotated[Color, Parameter(env_var="WHARF_COLOR", show_default=False)] = Color.AUTO
    """When to color messages; NO_COLOR and FORCE_COLOR are heeded."""


@Parameter(name="*", group=GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which project."""

    namespace: Annotated[
        str | None, Parameter(name=["--namespace", "-n"], env_var="WHARF_NAMESPACE")
    ] = None
    """Project to work in [default: that of the context]."""


@Parameter(name="*", group=GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """In which form."""

    format: Annotated[Format, Parameter(name=["--output", "-o"], show_default=False)] = Format.TABLE
    """Form of the result; json and yaml show whole objects."""


CONNECTION: Final = Connection()
SCOPE: Final = Scope()
OUTPUT: Final = Output()
