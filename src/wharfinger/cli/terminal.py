"""
What goes to the terminal, and what is asked there.

Names, messages and annotations come from other people. Before they reach a terminal, control
characters are shown as escapes, so that none of them can move the cursor, set the title or forge
a line. JSON and YAML output is data for programs and escapes by its own rules.

Results go to stdout; notes, progress and errors to stderr.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TextIO

from wharfinger.cli.errors import FromServer, UsageError
from wharfinger.errors import WharfingerError

SECRET_LIMIT: Final = 64 * 1024
_BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SEPARATORS = set("\u2028\u2029")


class Color(StrEnum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def sanitized(text: str) -> str:
    """Show each character that would act on the terminal as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    code = ord(character)
    acts = code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
    if acts or character in _BIDIRECTIONAL or character in _SEPARATORS:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def wants_color(mode: Color, stream: TextIO, environment: Mapping[str, str]) -> bool:
    """A flag decides, then NO_COLOR, then FORCE_COLOR, then whether a person is looking."""
    if mode is not Color.AUTO:
        return mode is Color.ALWAYS
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR") not in (None, "", "0"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def say(text: str) -> None:
    """A line of the result."""
    print(text)


def print_secret(secret: str) -> None:
    """For a program exactly the secret; a person gets the end of a line too."""
    print(secret, end="\n" if sys.stdout.isatty() else "")


def note(text: str) -> None:
    """A line beside the result."""
    print(text, file=sys.stderr)


def progress(text: str) -> None:
    """What we are waiting for; only a person wants to know."""
    if sys.stderr.isatty():
        note(text)


def error_lines(error: WharfingerError, *, color: bool = False) -> str:
    if isinstance(error, FromServer):
        head = f"Error from server ({sanitized(error.reason)}):"
    else:
        head = "error:"
    if color:
        head = f"\x1b[31m{head}\x1b[0m"
    lines = [f"{head} {sanitized(error.message)}", *map(sanitized, error.details)]
    if error.remedy is not None:
        lines.append(f"hint: {sanitized(error.remedy)}")
    return "\n".join(lines)


def ask(prompt: str) -> str:
    """Ask a person for something that is no secret."""
    _require_person(prompt)
    print(f"{prompt}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().rstrip("\n")


def ask_secret(prompt: str) -> str:
    """Ask without echo."""
    _require_person(prompt)
    try:
        return getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    except EOFError:
        raise UsageError(f"cannot go on without the {prompt.lower()}") from None


def read_secret() -> str:
    """Read a secret from a pipe, without the newline at its end."""
    try:
        text = sys.stdin.read(SECRET_LIMIT + 1)
    except UnicodeDecodeError:
        raise UsageError("cannot read a secret from stdin: it is not UTF-8 text") from None
    if len(text) > SECRET_LIMIT:
        raise UsageError(f"cannot read a secret of more than {SECRET_LIMIT} characters from stdin")
    if not (secret := text.rstrip("\r\n")):
        raise UsageError("cannot read a secret from stdin: it is empty")
    return secret


def _require_person(prompt: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            f"cannot ask for the {prompt.lower()}: stdin is not a terminal",
            remedy="give it with a flag; `wharf COMMAND --help` lists them",
        )
