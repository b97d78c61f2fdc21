"""A refusal is looked up by its code, so each stands on the page."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "src/wharfinger/hosts/storage"
PAGE = ROOT / "docs/reference/storage.md"
CODE = re.compile(r'(?:[Rr]efusal|_signed)\(\s*(?:one,\s*)?"(?P<code>[a-z-]+)"')


def test_the_page_has_the_code_of_each_refusal():
    told = {code for source in SOURCES.glob("*.py") for code in CODE.findall(source.read_text())}
    tables = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    known = {code for line in tables for code in re.findall("`([a-z-]+)`", line.split("|")[1])}

    assert {"mounted", "luks", "containers-running"} <= told
    assert told - known == set()
