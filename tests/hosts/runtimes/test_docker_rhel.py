"""Docker of Red Hat's build: its lists in `sysconfig` or an older `registries.conf`, and its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wharfinger.hosts import plan, runtimes
from wharfinger.hosts.formats.registries_conf import MAIN
from wharfinger.hosts.on_host.changes import Action, Disruption, DockerAnswers
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.runtimes import containers, docker, docker_rhel
from wharfinger.hosts.site import file
from wharfinger.hosts.site.model import Site

PAGE = Path(__file__).parents[3] / "docs/reference/runtimes/docker-rhel.md"
CORPUS = Path(__file__).parents[1] / "formats" / "corpus"
RUNNING = RuntimeFacts("1.13.1", pid=7, containers=1)
VERSION_1 = """[registries.search]
registries = ['registry.access.redhat.com']
[registries.insecure]
registries = []
[registries.block]
registries = []
"""


def site(text: str) -> Site:
    return file.parse(f"registries:\n{text}".encode())


def found(text: str) -> FoundFile:
    return FoundFile("file", digest=plan.digest(text.encode()), content=text.encode())


def host(
    sysconfig: str = "OPTIONS=''\n",
    *,
    conf: str | None = None,
    runtime: RuntimeFacts = RUNNING,
    **others: RuntimeFacts,
) -> Facts:
    files = {docker_rhel.SYSCONFIG: found(sysconfig)}
    if conf is not None:
        files[MAIN] = found(conf)
    installed = {"docker": runtime, **others}
    return Facts("node", "redhat", "RHEL 7.9", runtimes=installed, files=files)


def planned(wanted: Site, there: Facts) -> plan.Plan:
    return plan.plan(wanted, there, compilers=(docker, docker_rhel))


def applied(wanted: Site, there: Facts, *compilers) -> Facts:
    made = plan.plan(wanted, there, compilers=compilers or (docker, docker_rhel))
    files = dict(there.files)
    for change in made.changes:
        if change.wanted.content is None:
            del files[change.wanted.path]
        else:
            files[change.wanted.path] = found(change.wanted.content.decode())
    return Facts("node", "redhat", "RHEL 7.9", runtimes=there.runtimes, files=files)


def text_of(there: Facts, path: str = docker_rhel.SYSCONFIG) -> str:
    return (there.content(path) or b"").decode()


def examples() -> list:
    blocks = re.findall(
        r"^```(yaml|ini|toml)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    return [
        pytest.param(statement, kind, lines, id=statement.split()[1])
        for (_, statement), (kind, lines) in zip(blocks[::2], blocks[1::2], strict=True)
    ]


@pytest.mark.parametrize(("statement", "kind", "lines"), examples())
def test_the_examples_of_the_page_are_what_is_compiled(statement, kind, lines):
    wanted = file.parse(statement.encode())
    there = host(conf=VERSION_1 if kind == "toml" else None)

    after = applied(wanted, there)

    if kind == "toml":
        assert text_of(after, MAIN) == lines
        assert text_of(after) == "OPTIONS=''\n"
    else:
        assert text_of(after) == "OPTIONS=''\n" + lines
    assert not planned(wanted, after).changes


@pytest.mark.parametrize(
    ("facts", "ours"),
    [
        (host(), True),
        (host(runtime=RuntimeFacts("20.10.24")), False),
        (host(runtime=RuntimeFacts("20.10.24", arguments=("dockerd", "--add-registry=a"))), True),
        (Facts("n", "redhat", "RHEL 9", runtimes={"docker": RUNNING}), False),
        (Facts("n", "redhat", "RHEL 9"), False),
    ],
)
def test_one_compiler_takes_a_docker_and_no_two(facts, ours):
    assert docker_rhel.concerns(facts) is ours
    assert docker.concerns(facts) is ("docker" in facts.runtimes and not ours)
    assert docker_rhel in runtimes.COMPILERS


def test_flags_elsewhere_in_the_file_go_and_the_rest_stays():
    text = (CORPUS / "sysconfig" / "docker-rhel7-early").read_text()
    options = "--selinux-enabled --insecure-registry=old.test --log-driver=journald"
    there = host(text.replace("--selinux-enabled'", f"{options}'"))

    after = text_of(applied(site("  insecure: [new.test:5000]\n  search: []"), there))

    assert after == text.replace(
        "--selinux-enabled'", "--selinux-enabled --log-driver=journald'"
    ).replace("='--add-registry registry.access.redhat.com'", "=''").replace(
        "# INSECURE_REGISTRY='--insecure-registry'\n",
        "# INSECURE_REGISTRY='--insecure-registry'\n"
        "INSECURE_REGISTRY='--insecure-registry new.test:5000'\n",
    )


def test_the_oldest_registries_conf_is_edited_as_yaml():
    there = host(
        "ADD_REGISTRY='--add-registry a.test'\n",
        conf="registries:\n  - a.test # ours\ninsecure_registries: []\n",
    )
    wanted = site("  search: [a.test, b.test]\n  block: [docker.io]")

    after = applied(wanted, there)

    assert text_of(after) == "ADD_REGISTRY=''\n"
    assert text_of(after, MAIN) == (
        "registries:\n  - a.test # ours\n  - b.test\ninsecure_registries: []\n"
        "block_registries:\n  - docker.io\n"
    )


def test_a_registries_conf_of_version_2_is_left_to_others():
    there = host(conf='unqualified-search-registries = ["a.test"]\n')

    after = applied(site("  search: [b.test]"), there)

    assert text_of(after, MAIN) == text_of(there, MAIN)
    assert "ADD_REGISTRY='--add-registry b.test'" in text_of(after)


def test_with_the_containers_tools_beside_it_a_second_plan_is_empty():
    there = host(conf=VERSION_1, podman=RuntimeFacts("4.3.1"))
    wanted = site("  search: [a.test, b.test]\n  insecure: [a.test]\n  block: [c.test]")
    both = (docker, docker_rhel, containers)

    after = applied(wanted, there, *both)

    assert text_of(after, MAIN) != VERSION_1
    assert plan.plan(wanted, after, compilers=both).changes == ()


def test_an_old_skopeo_beside_the_oldest_registries_conf_is_no_obstacle():
    there = host(conf="registries:\n  - a.test\n", skopeo=RuntimeFacts("0.1.40"))
    wanted = site("  search: [b.test]\n  allow: [b.test]")

    after = applied(wanted, there, *runtimes.COMPILERS)

    assert text_of(after, MAIN) == "registries:\n  - b.test\nblock_registries:\n  - all\n"
    assert plan.plan(wanted, after).changes == ()


@pytest.mark.parametrize(
    ("runtime", "disruption"),
    [
        (RUNNING, Disruption.DRAIN),
        (RuntimeFacts("1.13.1", pid=7), Disruption.DRAIN),
        (RuntimeFacts("1.13.1", pid=7, containers=1, live_restore=True), Disruption.RESTART),
        (RuntimeFacts("1.13.1", pid=7, containers=0), Disruption.RESTART),
    ],
)
def test_a_change_needs_a_restart(runtime, disruption):
    made = planned(site("  insecure: [a.test]"), host(runtime=runtime))

    assert [(one.action, one.disruption) for one in made.effects] == [
        (Action.RESTART_DOCKER, disruption)
    ]
    assert made.proofs == (DockerAnswers(insecure=("a.test",)),)


def test_a_daemon_that_does_not_run_needs_nothing():
    made = planned(site("  insecure: [a.test]"), host(runtime=RuntimeFacts("1.13.1")))

    assert (made.effects, made.proofs) == ((), ())


def test_nothing_is_done_about_what_the_site_does_not_say():
    assert planned(Site(), host("ADD_REGISTRY='--add-registry a.test'\n")).changes == ()


def test_what_is_added_keeps_its_order_where_search_is_not_governed():
    there = host("ADD_REGISTRY='--add-registry x.test --add-registry b.test'\n")

    after = text_of(applied(site("  allow: [a.test, b.test]"), there))

    assert after.startswith("ADD_REGISTRY='--add-registry b.test --add-registry a.test'\n")
    assert after.endswith("BLOCK_REGISTRY='--block-registry all'\n")


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("  allow: [quay.io/team]", "registries.allow: quay.io/team"),
        ("  allow: ['*.a.test']", "registries.allow: *.a.test"),
        ("  allow: [a.test/x]\n  block: [a.test]", "registries.allow: a.test/x"),
        ("  block: [quay.io/team]", "registries.block: quay.io/team"),
        ("  allow: [quay.io]\n  block: [quay.io/team]", "registries.block: quay.io/team"),
        ("  block: ['*.a.test']", "registries.block: *.a.test"),
        ("  search: [a.test]\n  block: [a.test]", "registries.block: a.test"),
        ("  search: [a.test]\n  allow: [b.test]", "registries.search: a.test"),
        ("  search: [a.test]\n  allow: [a.test, b.test]", "registries.allow"),
        ("  search: [a.test]", "registries.search"),
        (
            "  mirrors:\n    docker.io: [{location: m.test, insecure: true}]",
            "registries.mirrors: docker.io",
        ),
    ],
)
def test_what_cannot_be_held_is_told(text, statement):
    limits = planned(site(text), host()).limits

    assert statement in [limit.statement for _, limit in limits]


@pytest.mark.parametrize(
    "text", ["  search: [a.test, docker.io]", "  allow: [a.test]\n  search: []"]
)
def test_what_holds_is_not_complained_about(text):
    limits = planned(site(text), host()).limits

    assert [limit.statement for _, limit in limits if "search" in limit.statement] == []


def test_a_blocked_registry_is_never_opened_by_a_path_on_the_allow_list():
    after = text_of(applied(site("  allow: [a.test/x, b.test]\n  block: [a.test]"), host()))

    assert "a.test" not in after
    assert "--block-registry all" in after
