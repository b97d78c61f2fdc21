"""Shell assignments: what a shell and systemd read, and values that try to get out of their quotes."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.formats import sysconfig
from wharfinger.hosts.formats.source import CannotEdit, UnreadableFile
from wharfinger.hosts.formats.sysconfig import Sysconfig

FILE = "/etc/sysconfig/docker"
PRINTABLE = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"), max_codepoint=0x2FFF), max_size=40
)


def parse(text: str) -> Sysconfig:
    return Sysconfig.parse(text.encode(), FILE)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a", "a"),
        ("", ""),
        ("'a b'", "a b"),
        ('"a b"', "a b"),
        ("'a'\"b\"c", "abc"),
        (r"'a\n'", r"a\n"),
        (r'"a\n\"\\\$"', r'a\n"\$'),
        (r"a\ b", "a b"),
        ("a # told", "a"),
        ("'a' # it's told", "a"),
        ("a#b", "a#b"),
        ("--one --two", "--one --two"),
        ("a\\\nb", "ab"),
        ('"a \\\n b"', "a  b"),
        ("'a\nb'", "a\nb"),
        ("  ", ""),
    ],
)
def test_a_value_is_read_without_its_quotes(written, meant):
    assert parse(f"X={written}\nY=1\n").get("X") == meant
    assert parse(f"X={written}\nY=1\n").get("Y") == "1"


def test_a_shell_reads_what_we_read():
    text = 'A=\'a\'"b $"c\nexport B="x\\"y\\\\" # z\nC=a\\\nb\nD=\'one\ntwo\'\n'
    document = parse(text)
    for one in document.assignments:
        script = f'{text}printf %s "${one.name}"'
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout == one.value


@given(PRINTABLE)
def test_what_is_set_is_read_back_and_printed_the_same(value):
    document = parse("# X=1\nY='y'\n").with_value("X", value)

    again = Sysconfig.parse(document.content, FILE)
    assert (again.get("X"), again.get("Y")) == (value, "y")
    assert again.content == document.content
    assert len(again.assignments) == 2


@pytest.mark.parametrize(
    "value", ["'; rm -rf /'", '"; rm -rf /; "', "$(id)", "`id`", "a\\", "'\"'"]
)
def test_no_value_gets_out_of_its_quotes(value):
    text = parse("").with_value("X", value).content.decode()
    script = f'{text}printf %s "$X"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == value
    assert done.stderr == ""


@pytest.mark.parametrize("value", ["a\nB=1", "a\0", "a\x1b[0m", "a\u2028b"])
def test_a_value_that_no_line_can_hold_is_refused(value):
    with pytest.raises(CannotEdit, match="no line can hold"):
        parse("").with_value("X", value)


def test_a_new_assignment_stands_below_the_comment_that_shows_it():
    text = "# BLOCK_REGISTRY='--block-registry'\n\nOPTIONS=''\n"

    document = parse(text).with_value("BLOCK_REGISTRY", "--block-registry all")

    assert document.content.decode() == text.replace(
        "\n\n", "\nBLOCK_REGISTRY='--block-registry all'\n\n"
    )


def test_the_last_assignment_counts_and_is_the_one_that_is_edited():
    document = parse("X=1\nX=2\n")

    assert document.get("X") == "2"
    assert document.line_of("X") == 2
    assert document.with_value("X", "3").content == b"X=1\nX='3'\n"
    assert document.without("X").content == b""


@pytest.mark.parametrize("text", ["X='a\n", 'X="a\nY=1', "# c\nX=a'b"])
def test_an_open_quote_is_told_with_its_line(text):
    with pytest.raises(UnreadableFile, match="quote is not closed") as caught:
        parse(text)
    assert caught.value.line == text.count("\n", 0, text.index("X")) + 1


def test_flags_are_found_in_both_spellings():
    value = "--add-registry a.test --log-driver=journald --add-registry='b.test:5000' \"c d\""

    assert sysconfig.flags(value, "--add-registry") == ("a.test", "b.test:5000")
    assert sysconfig.flags(value, "--add") == ()
    assert sysconfig.flags("--add-registry", "--add-registry") == ()


def test_flags_are_replaced_and_all_other_words_stay():
    value = "--selinux-enabled --add-registry a.test  --label 'x y' --add-registry=b.test"

    edited = sysconfig.with_flags(value, "--add-registry", ["c.test", "d.test"])

    assert edited == ("--selinux-enabled --label 'x y' --add-registry c.test --add-registry d.test")
    assert sysconfig.with_flags(value, "--add-registry", ["a.test", "b.test"]) == value
    assert sysconfig.with_flags("--add-registry a.test", "--add-registry", []) == ""
