"""The pages in docs/ say what the code does: tables are held against it, and links lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from wharfinger.cli.copy import copy
from wharfinger.cli.copy_options import Access
from wharfinger.cli.evacuate import Ways
from wharfinger.cli.evacuate_options import Drain, Telling
from wharfinger.cli.exit_codes import MEANINGS
from wharfinger.cluster import kinds
from wharfinger.cluster.bootstrap import BINDINGS
from wharfinger.cluster.roles import CLUSTER_ROLES
from wharfinger.maintenance.fleet import metrics
from wharfinger.maintenance.node import drain_metrics
from wharfinger.maintenance.node.progress import Kind, State
from wharfinger.oci import manifest, names
from wharfinger.remote.copy.run import Kind as Told
from wharfinger.server import limits, settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def page(name: str) -> str:
    return (ROOT / name).read_text()


def cells(name: str, column: int = 0) -> list[str]:
    """The text of one column of all tables of a page."""
    rows = [line.split("|") for line in page(name).splitlines() if line.startswith("|")]
    return [row[column + 1].strip().strip("`") for row in rows]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(path):
    for target in LINK.findall(path.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text()), target


def test_every_setting_has_its_line():
    documented = [name for name in cells("docs/reference/settings.md") if name in settings._READERS]

    assert sorted(documented) == sorted(settings._READERS)
    for name in documented:
        assert f"`{settings.variable(name)}`" in page("docs/reference/settings.md")


def recorded_differences():
    """The names of recorded cases that a test says we answer otherwise, of images and imports."""
    rooms = ("tests/policy", "tests/images", "tests/cluster/kinds/openshift")
    paths = [path for room in rooms for path in ROOT.glob(f"{room}/**/test_vectors*.py")]
    return [
        ast.literal_eval(key)
        for path in sorted(paths)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DIFFERENT"
        for key in node.value.keys
    ]


@pytest.mark.parametrize("case", recorded_differences())
def test_every_difference_from_a_record_stands_in_a_page(case):
    texts = [page(f"docs/reference/{name}.md") for name in ("imports", "image-policy", "openshift")]

    assert any(f"`{case}`" in text for text in texts)


def test_every_exit_code_has_its_meaning():
    name = "docs/reference/exit-codes.md"
    documented = dict(zip(cells(name), cells(name, 1), strict=True))

    for code, meaning in MEANINGS.items():
        assert documented[str(int(code))] == meaning


def test_evacuate_has_all_of_its_words():
    text = page("docs/reference/evacuate.md")
    fields = (
        name for kind in (Ways, Drain, Telling) for name in kind.__slots__ if name != "events"
    )

    words = [f"--{name.replace('_', '-')}" for name in fields]
    assert [word for word in words if f"`{word}" not in text] == []
    assert [kind for kind in Kind if f"`{kind}`" not in text] == []
    assert [state for state in State if state not in text] == []
    for name in re.findall(r"TYPE (\w+) gauge", drain_metrics.text([], now=0)):
        assert f"`{name}" in text


def test_copy_has_all_of_its_words():
    text = page("docs/reference/copy.md")
    flags = [
        one.name.rstrip("_").replace("_", "-")
        for one in inspect.signature(copy).parameters.values()
        if one.kind is one.KEYWORD_ONLY and one.name not in ("access", "form")
    ]

    words = [f"--{name}" for name in (*flags, *(one.replace("_", "-") for one in Access.__slots__))]
    assert [word for word in words if f"`{word}" not in text] == []
    assert [kind for kind in Told if f"`{kind}`" not in text] == []


def test_metrics_of_maintenance_are_named_as_they_are():
    text = page("docs/reference/maintenance.md")

    for name in re.findall(r"TYPE (\w+) gauge", metrics.text([], {}, now=0)):
        assert f"`{name}" in text


def test_roles_are_named_as_they_are():
    known = {role.name for role in CLUSTER_ROLES} | {binding.name for binding in BINDINGS}
    text = page("docs/reference/roles.md")

    told = set(re.findall(r"`((?:registry|system|basic|self|cluster)-[a-z-]+)`", text))
    assert told <= known
    for role in CLUSTER_ROLES:
        if not role.name.startswith(("system:aggregate", "system:basic", "system:public")):
            assert f"`{role.name}`" in text or role.name in (
                "system:deployer",
                "system:auth-delegator",
            )


def test_every_api_group_is_told_of():
    text = page("docs/reference/http.md")

    for group in {kind.group for kind in kinds.SERVED if kind.group}:
        assert f"`{group}`" in text


def test_limits_are_those_of_the_code():
    limit = dict(
        zip(cells("docs/reference/http.md"), cells("docs/reference/http.md", 1), strict=True)
    )

    assert limit["path and query"].startswith(f"{limits.MAX_TARGET_BYTES >> 10} KiB")
    assert limit["headers"] == f"{limits.MAX_HEADERS}, {limits.MAX_HEADER_BYTES >> 10} KiB together"
    assert limit["body outside `/v2"].startswith(f"{limits.MAX_BODY_BYTES >> 20} MiB")
    assert limit["a manifest"].startswith(f"{manifest.MAX_SIZE >> 20} MiB")
    assert limit["repository name"] == f"{names.MAX_NAME} characters"


def test_dependencies_have_their_reason():
    project = page("pyproject.toml")
    declared = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert declared is not None

    table = page("ARCHITECTURE.md").partition("## Dependencies")[2]
    for name in re.findall(r'"([a-z0-9.-]+)>=', declared[1]):
        assert name in table, name
