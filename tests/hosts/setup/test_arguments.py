"""The words of a call."""

import pytest

from wharfinger.hosts.setup import arguments
from wharfinger.hosts.setup.arguments import Called, Word, WrongWord


def parse(*words: str) -> Called:
    return arguments.parse("container-storage-setup", words)


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ((), Called(Word.COMPAT)),
        (("--reset",), Called(Word.RESET)),
        (("--version",), Called(Word.VERSION)),
        (("-v",), Called(Word.VERSION)),
        (("create", "n", "f"), Called(Word.CREATE, ("n", "f"))),
        (("create", "-o", "out", "n", "f"), Called(Word.CREATE, ("n", "f"), "out")),
        (("create", "n", "--output=out", "f"), Called(Word.CREATE, ("n", "f"), "out")),
        (("create", "my-create", "f"), Called(Word.CREATE, ("my-create", "f"))),
        (("activate", "n"), Called(Word.ACTIVATE, ("n",))),
        (("deactivate", "n"), Called(Word.DEACTIVATE, ("n",))),
        (("remove", "activate"), Called(Word.REMOVE, ("activate",))),
        (("list",), Called(Word.LIST)),
        (("list", "n"), Called(Word.LIST, ("n",))),
        (("export", "n"), Called(Word.EXPORT, ("n",))),
        (("add-dev", "n", "/dev/vdb"), Called(Word.ADD_DEVICE, ("n", "/dev/vdb"))),
    ],
)
def test_the_first_word_says_what_to_do(words: tuple[str, ...], called: Called):
    assert parse(*words) == called


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("-h",),
        ("create",),
        ("create", "n"),
        ("activate",),
        ("list", "a", "b"),
        ("remove", "--help"),
    ],
)
def test_help_is_printed_when_asked_for_and_for_a_wrong_count(words: tuple[str, ...]):
    called = parse(*words)

    assert called.word is Word.HELP
    assert called.help.startswith("Usage: container-storage-setup")


@pytest.mark.parametrize(
    "words", [("bla",), ("--bla",), ("create", "--bla"), ("list", "-o", "x"), ("--reset", "x")]
)
def test_another_word_is_refused(words: tuple[str, ...]):
    with pytest.raises(WrongWord):
        parse(*words)
