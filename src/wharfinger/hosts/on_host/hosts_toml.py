"""
The part of a `hosts.toml` that says whom containerd trusts, read without a TOML library.

    server = "https://registry.test"
    ca = "/etc/…/ca.crt"                          for the server
    [host."https://mirror.test"]
      ca = ["a.crt", "b.crt"]
      client = [["client.cert", "client.key"]]
      skip_verify = true

https://github.com/containerd/containerd/blob/v1.6.20/docs/hosts.md

Python before 3.11 has no TOML of its own, and hosts have nothing else. Strings, arrays and booleans
are read, other values are passed over. What is no TOML of this kind raises `ValueError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t]+ | \#[^\n]*)
    | (?P<line>\r?\n)
    | (?P<text>"(?:[^"\\\n]|\\.)*" | '[^'\n]*')
    | (?P<sign>[\[\]=,.{}])
    | (?P<word>[A-Za-z0-9_+:-]+)
    """,
    re.VERBOSE,
)
_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_DEPTH_LIMIT: Final = 8


@dataclass
class Host:
    """One place that containerd asks: its address, and whom it trusts there."""

    url: str
    authorities: list[str] = field(default_factory=list)
    clients: list[tuple[str, str]] = field(default_factory=list)
    skip_verify: bool = False


def read(text: str) -> list[Host]:
    """The hosts in the order in which containerd asks them; last the server, whose `url` is empty
    if the file does not name it.
    """
    tokens = _tokens(text)
    tables: dict[tuple[str, ...], dict[str, Any]] = {(): {}}
    table = tables[()]
    while tokens:
        kind, token = tokens.pop()
        if kind == "line":
            continue
        if (kind, token) == ("sign", "["):
            table = tables.setdefault(_header(tokens), {})
            continue
        path = _path(tokens, (kind, token), "=")
        value = _value(tokens, 0)
        if len(path) == 1:
            table[path[0]] = value
        _end_of_line(tokens)
    named = [_host(path[1], found) for path, found in tables.items() if _is_host(path)]
    root = tables[()]
    return [*named, _host(str(root.get("server") or ""), root)]


def _is_host(path: tuple[str, ...]) -> bool:
    return len(path) == 2 and path[0] == "host"


def _host(url: str, table: dict[str, Any]) -> Host:
    authorities = table.get("ca") or []
    return Host(
        url,
        [authorities] if isinstance(authorities, str) else [str(one) for one in authorities],
        _clients(table.get("client") or []),
        table.get("skip_verify") is True,
    )


def _clients(found: Any) -> list[tuple[str, str]]:
    """`client` is one file with both, files with both each, or pairs."""
    if isinstance(found, str):
        return [(found, found)]
    pairs = [[one, one] if isinstance(one, str) else one for one in found]
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError("client is neither a file nor a pair of files")
    return [(str(certificate), str(key) or str(certificate)) for certificate, key in pairs]


def _tokens(text: str) -> list[tuple[str, str]]:
    """All tokens, the first one last, so that `pop` gives them in order."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"line {text.count(chr(10), 0, position) + 1} is not understood")
        position = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            found.append((kind, _plain(match.group()) if kind == "text" else match.group()))
    return found[::-1]


def _plain(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text[1:-1])


def _header(tokens: list[tuple[str, str]]) -> tuple[str, ...]:
    path = _path(tokens, _next(tokens), "]")
    _end_of_line(tokens)
    return path


def _path(tokens: list[tuple[str, str]], first: tuple[str, str], end: str) -> tuple[str, ...]:
    """A dotted key up to `end`."""
    path = []
    token = first
    while token[0] in ("word", "text"):
        path.append(token[1])
        token = _next(tokens)
        if token == ("sign", end):
            return tuple(path)
        if token != ("sign", "."):
            break
        token = _next(tokens)
    raise ValueError(f"{token[1]!r} stands where a key should")


def _value(tokens: list[tuple[str, str]], depth: int) -> Any:
    kind, text = _next(tokens)
    if kind == "text":
        return text
    if kind == "word":
        return {"true": True, "false": False}.get(text)
    if text == "[" and depth < _DEPTH_LIMIT:
        return _array(tokens, depth + 1)
    if text == "{":
        return _passed_over(tokens)
    raise ValueError(f"{text!r} stands where a value should")


def _array(tokens: list[tuple[str, str]], depth: int) -> list[Any]:
    items: list[Any] = []
    while True:
        kind, token = _next(tokens)
        if kind == "line" or (kind, token) == ("sign", ","):
            continue
        if (kind, token) == ("sign", "]"):
            return items
        tokens.append((kind, token))
        items.append(_value(tokens, depth))


def _passed_over(tokens: list[tuple[str, str]]) -> None:
    """An inline table stands on one line, and none of them says whom to trust."""
    while _next(tokens) != ("sign", "}"):
        pass


def _end_of_line(tokens: list[tuple[str, str]]) -> None:
    """Numbers and dates may leave a rest behind."""
    while tokens and tokens.pop()[0] != "line":
        pass


def _next(tokens: list[tuple[str, str]]) -> tuple[str, str]:
    if not tokens:
        raise ValueError("it ends in the middle of a value")
    return tokens.pop()
