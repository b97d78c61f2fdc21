"""Help as plain text, whose formatter (it brings rich along) is imported when somebody asks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from cyclopts.help.formatters import PlainFormatter
    from rich.console import Console, ConsoleOptions


class PlainHelp:
    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        _formatter()(console, options, panel)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        _formatter().render_usage(console, options, usage)

    def render_description(
        self, console: Console, options: ConsoleOptions, description: Any
    ) -> None:
        _formatter().render_description(console, options, description)


@cache
def _formatter() -> PlainFormatter:
    from cyclopts.help.formatters import PlainFormatter

    return PlainFormatter()
