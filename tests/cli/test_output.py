import pytest

from wharfinger.cli import output
from wharfinger.cli.options import Format


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (10_799, "179m"), (10_800, "3h"),
     (172_799, "47h"), (172_800, "2d"), (10**8, "1157d")],
)  # fmt: skip
def test_durations_are_rounded_as_kubectl_does(seconds, text):
    assert output.duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (512 << 20, "512 MiB"), (1000 << 20, "1.0 GiB"),
     (3 << 29, "1.5 GiB"), (100 << 30, "100 GiB"), (5 << 40, "5.0 TiB")],
)  # fmt: skip
def test_sizes_are_short(amount, text):
    assert output.size(amount) == text


@pytest.mark.parametrize("created", [None, 5, "yesterday", ""])
def test_an_age_that_cannot_be_told_is_unknown(created):
    assert output.age({"metadata": {"creationTimestamp": created}}) == "<unknown>"


def test_a_cell_is_bounded():
    text = output.table([{"metadata": {"name": "x" * 10_000}}], [output.NAME])

    assert max(map(len, text.splitlines())) == output.CELL_LIMIT


def test_a_table_without_rows_is_its_header():
    assert output.table([], [output.NAME, output.AGE]) == "NAME   AGE"


def test_json_escapes_what_acts_on_a_terminal():
    assert "\x1b" not in output.documents({"a": "\x1b[31m\u202e"}, Format.JSON)
    assert "\x1b" not in output.documents({"a": "\x1b[31m"}, Format.YAML)
