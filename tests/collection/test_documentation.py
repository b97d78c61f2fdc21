"""What the collection says of itself is what it takes, in its own files and in docs/."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ansible_collections.wharfinger.site.plugins.action.host import SPECIFICATION
from ansible_collections.wharfinger.site.plugins.modules import host
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible" / "ansible_collections" / "wharfinger" / "site"
PAGE = (ROOT / "docs" / "reference" / "ansible.md").read_text()


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def rows(section: str) -> set[str]:
    """The names in the first column of the tables of a section."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_the_options_are_those_of_the_documentation():
    options = read(host.DOCUMENTATION)["options"]

    assert set(options) == set(SPECIFICATION)
    for name, told in SPECIFICATION.items():
        assert {key: options[name][key] for key in told} == told


def test_the_page_names_every_option_and_result():
    told = set(read(host.DOCUMENTATION)["options"]) | set(read(host.RETURN))

    assert rows("The module `wharfinger.site.host`") == told


def test_the_page_names_every_variable_of_the_role():
    role = COLLECTION / "roles" / "host"
    options = read((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]

    assert rows("The role `wharfinger.site.host`") == set(options)
    for name, value in read((role / "defaults/main.yml").read_text()).items():
        assert options[name]["default"] == value


def test_the_collection_has_the_version_of_the_package():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert read((COLLECTION / "galaxy.yml").read_text())["version"] == package
