"""
YAML that every reader understands as we do.

We write YAML 1.2, and many tools read 1.1, where `on`, `no` and `12:30` are not text. So text that
either version could take for something else is quoted.
"""

from __future__ import annotations

import io
import re
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.scalarstring import SingleQuotedScalarString

_WIDTH: Final = 1 << 24  # never break a token or a certificate over lines
_AMBIGUOUS: Final = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|~|=|<<|[-+.]?[0-9.].*|[-+.]")
_TEXT: Final = "tag:yaml.org,2002:str"


def _scalar(representer: SafeRepresenter, text: str) -> ScalarNode:
    style = None
    if not text.isprintable():
        style = '"'  # the one style with escapes
    elif _AMBIGUOUS.fullmatch(text):
        style = "'"
    node: ScalarNode = representer.represent_scalar(_TEXT, text, style=style)
    return node


class _Representer(SafeRepresenter):
    """Writes what programs made."""


_Representer.add_representer(str, _scalar)


def editor() -> YAML:
    """Reads and writes such that comments, order, quotes and unknown keys stay."""
    made = YAML(typ="rt", pure=True)
    made.preserve_quotes = True
    made.width = _WIDTH
    return made


def added(value: Any) -> Any:
    """A value as it should be put into an edited document."""
    if isinstance(value, dict):
        return {added(key): added(inner) for key, inner in value.items()}
    if isinstance(value, str) and _AMBIGUOUS.fullmatch(value):
        return SingleQuotedScalarString(value)
    return value


def text_of(document: Any) -> str:
    """Keys stay in order; the documents of a list are parted by `---`."""
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _Representer
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.width = _WIDTH
    text = io.StringIO()
    writer.dump_all(document if isinstance(document, list) else [document], text)
    return text.getvalue()
