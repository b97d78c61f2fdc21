"""
The words that `docker-storage-setup` and `container-storage-setup` are called with.

    [--reset | --help | -h | --version | -v]
    create [-o FILE | --output FILE] NAME INFILE
    activate NAME | deactivate NAME | remove NAME | export NAME
    list [NAME]
    add-dev NAME DEVICE

The first word says what to do, so a configuration may have any name. With the wrong number of words
after it a command prints its help and ends well, as the peer's do.
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wharfinger.errors import BadInput

VERSION: Final = "0.11.0"
"""Of the peer whose files and behaviour we have; scripts compare it."""


class Word(StrEnum):
    COMPAT = "compat"
    RESET = "reset"
    CREATE = "create"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    REMOVE = "remove"
    LIST = "list"
    EXPORT = "export"
    ADD_DEVICE = "add-dev"
    HELP = "help"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Called:
    """`operands` are as many as the word takes. `help` is what `HELP` prints."""

    word: Word
    operands: tuple[str, ...] = ()
    output: str = ""
    help: str = ""


_OPERANDS: Final = {
    Word.CREATE: "NAME INFILE",
    Word.ACTIVATE: "NAME",
    Word.DEACTIVATE: "NAME",
    Word.REMOVE: "NAME",
    Word.LIST: "[NAME]",
    Word.EXPORT: "NAME",
    Word.ADD_DEVICE: "NAME DEVICE",
}
_SAYS: Final = {
    Word.CREATE: "Set up the storage that INFILE describes, and remember it as NAME.",
    Word.ACTIVATE: "Make the storage of a configuration usable, as after a boot.",
    Word.DEACTIVATE: "Let go of the storage of a configuration; nothing is lost.",
    Word.REMOVE: "Remove a configuration with its volumes and all that is in them.",
    Word.LIST: "Show all configurations, or one of them.",
    Word.EXPORT: "Print the options of the engine for a configuration.",
    Word.ADD_DEVICE: "Give the volume group of a configuration one more disk.",
}
_HELP: Final = ("-h", "--help")
_COUNTS: Final = {
    word: (0, 1) if word is Word.LIST else (len(operands.split()),) * 2
    for word, operands in _OPERANDS.items()
}


class WrongWord(BadInput):
    code = "setup-wrong-word"

    def __init__(self, program: str, word: str) -> None:
        super().__init__(
            f"cannot make sense of {word[:60]!r}", remedy=f"{program} --help shows what there is"
        )


def parse(program: str, words: Sequence[str]) -> Called:
    """Raise `WrongWord`."""
    if not words:
        return Called(Word.COMPAT)
    first, *rest = words
    if first in {*_OPERANDS}:
        return _command(program, Word(first), rest)
    simple = {
        "--reset": Called(Word.RESET),
        "--version": Called(Word.VERSION),
        "-v": Called(Word.VERSION),
        **dict.fromkeys(_HELP, Called(Word.HELP, help=usage(program))),
    }
    if first not in simple:
        raise WrongWord(program, first)
    if rest and rest[0] != first:
        raise WrongWord(program, rest[0])
    return simple[first]


def usage(program: str) -> str:
    commands = (
        f"  {f'{word} {operands}':<30} {_SAYS[word]}" for word, operands in _OPERANDS.items()
    )
    return "\n".join(
        [
            f"Usage: {program} [--reset | --help | --version]",
            f"       {program} COMMAND [ARGUMENTS]",
            "",
            "Without a command, set up storage for Docker as /etc/sysconfig/docker-storage-setup says.",
            "",
            "  --reset                        Take away what was set up for Docker.",
            "  -h, --help                     Show this.",
            "  -v, --version                  Show the version that this program stands in for.",
            "",
            *commands,
            "",
        ]
    )


def _command(program: str, word: Word, rest: Sequence[str]) -> Called:
    short, long = ("ho:", ["help", "output="]) if word is Word.CREATE else ("h", ["help"])
    try:
        options, operands = getopt.gnu_getopt(list(rest), short, long)
    except getopt.GetoptError as error:
        raise WrongWord(program, error.opt) from None
    said = dict(options)
    fewest, most = _COUNTS[word]
    if said.keys() & {*_HELP} or not fewest <= len(operands) <= most:
        return _help(program, word)
    return Called(word, tuple(operands), said.get("--output") or said.get("-o", ""))


def _help(program: str, word: Word) -> Called:
    options = "[-o FILE | --output FILE] " if word is Word.CREATE else ""
    text = f"Usage: {program} {word} {options}{_OPERANDS[word]}\n\n{_SAYS[word]}\n"
    return Called(Word.HELP, help=text)
