"""Settings for a shell to source: what bash makes of them, and what only a shell could."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.hosts.formats import sourced
from wharfinger.hosts.formats.source import FileTooLarge, UnreadableFile

FILE = "/etc/sysconfig/docker-storage-setup"


def read(text: str) -> dict[str, str]:
    return {name: one.value for name, one in sourced.read(text.encode(), FILE).items()}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("# only told\n\n", {}),
        ("DEVS=/dev/vdb", {"DEVS": "/dev/vdb"}),
        ('DEVS="/dev/vdb /dev/vdc"\nVG=docker\n', {"DEVS": "/dev/vdb /dev/vdc", "VG": "docker"}),
        ("VG='a b'", {"VG": "a b"}),
        ("VG=", {"VG": ""}),
        ('VG=""', {"VG": ""}),
        ("VG=a # told", {"VG": "a"}),
        ("VG=a#b", {"VG": "a#b"}),
        ("VG=a;DEVS=b; # told", {"VG": "a", "DEVS": "b"}),
        ("VG=a DEVS=b", {"VG": "a", "DEVS": "b"}),
        ("  export VG=a DEVS='b c'", {"VG": "a", "DEVS": "b c"}),
        ("VG=a\nVG=b", {"VG": "b"}),
        ("VG=a\\\nb", {"VG": "ab"}),
        ("VG=a \\\n DEVS=b", {"VG": "a", "DEVS": "b"}),
        ('VG="a\\\nb"', {"VG": "ab"}),
        ('VG="a\nb"', {"VG": "a\nb"}),
        (r'VG="\$x \`y\` \" \\ \n"', {"VG": r'$x `y` " \ \n'}),
        (r"VG='$x `y`'", {"VG": "$x `y`"}),
        (r"VG=a\ b\$", {"VG": "a b$"}),
        ("VG=a'b'\"c\"", {"VG": "abc"}),
        ("VG=a~b", {"VG": "a~b"}),
        ("DATA_SIZE=40%FREE", {"DATA_SIZE": "40%FREE"}),
        ("VG=[a]*?{b,c}", {"VG": "[a]*?{b,c}"}),
    ],
)
def test_plain_assignments_are_read_as_a_shell_reads_them(text: str, meant: dict[str, str]):
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("VG=$OTHER", 1),
        ('\nVG="a $OTHER"', 2),
        ("VG=$(vgs)", 1),
        ("VG=a`vgs`", 1),
        ('VG="`vgs`"', 1),
        ("VG=~/x", 1),
        ("VG=a:~/x", 1),
        ("VG=a\nrm -rf /tmp/x", 2),
        ("VG=a touch /tmp/x", 1),
        ("VG=a && touch /tmp/x", 1),
        ("VG=a&", 1),
        ("VG=a;;", 1),
        ("\n;VG=a", 2),
        ("VG=a|b", 1),
        ("VG=a>b", 1),
        ("VG=(a b)", 1),
        ("VG+=a", 1),
        ("if true; then VG=a; fi", 1),
        (". /etc/other", 1),
        ("export VG", 1),
        ("VG=a export DEVS=b", 1),
        ("VG='a", 1),
        ('VG="a', 1),
        ("VG=a\\", 1),
        ("VG=a\r\nDEVS=b\r\n", 1),
        ("VG = a", 1),
        ("1VG=a", 1),
    ],
)
def test_what_a_shell_would_act_on_is_refused_with_its_line(text: str, line: int):
    with pytest.raises(UnreadableFile) as refused:
        read(text)

    assert (refused.value.name, refused.value.line) == (FILE, line)


def test_what_is_no_text_is_refused():
    with pytest.raises(UnreadableFile):
        sourced.read(b"VG=\xff", FILE)
    with pytest.raises(FileTooLarge):
        sourced.read(b"#" * (1 << 20), FILE)


def test_the_line_of_the_assignment_that_counts_is_told():
    assert sourced.read(b"VG=a\n\nVG=b\n", FILE)["VG"].line == 3


@settings(max_examples=150)
@given(text=st.text("AB=a '\"\\#;\n$~`:(", max_size=16).map("A=".__add__))
def test_bash_reads_what_we_take_the_same(text: str, tmp_path_factory: pytest.TempPathFactory):
    try:
        found = read(text)
    except UnreadableFile:
        return
    told = 'unset A B; . ./sourced; printf "%s\\0%s" "${A-}" "${B-}"'
    folder = tmp_path_factory.getbasetemp()
    (folder / "sourced").write_text(text)
    ran = subprocess.run(["bash", "-c", told], cwd=folder, capture_output=True, check=True)

    a, _, b = ran.stdout.decode().partition("\0")
    assert (a, b) == (found.get("A", ""), found.get("B", ""))
    assert ran.stderr == b""
