from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.on_host.changes import Action
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.plan import Plan, digest, plan
from wharfinger.hosts.runtimes import access_file, containers
from wharfinger.hosts.site import file

MAIN = "/etc/containers/registries.conf"
OTHERS = "/etc/containers/registries.conf.d/20-others.conf"
POLICY = "/etc/containers/policy.json"
YAML = "registries: ['quay.io']\ninsecure_registries: ['a.test']\n"
DEFAULT = '{"default": [{"type": "insecureAcceptAnything"}]}'


def facts(files: dict[str, str] | None = None, **runtimes: RuntimeFacts) -> Facts:
    found = {
        path: FoundFile("file", content=text.encode(), digest=digest(text.encode()))
        for path, text in {POLICY: DEFAULT, **(files or {})}.items()
    }
    there = runtimes or {"podman": RuntimeFacts("4.3.1")}
    return Facts("host", "debian", "Debian 12", runtimes=there, files=found)


def planned(site: str, found: Facts | None = None) -> Plan:
    return plan(file.parse(site.encode()), found or facts(), compilers=(containers,))


def drop_in(site: str, found: Facts | None = None) -> dict:
    """What the drop-in says after an apply, the tables by their prefix."""
    content = written(planned(site, found)).get(containers.DROP_IN) or ""
    document = tomllib.loads(content)
    tables = {table.pop("prefix"): table for table in document.pop("registry", [])}
    return {**document, **tables}


def written(found: Plan) -> dict[str, str | None]:
    return {
        change.wanted.path: None
        if change.wanted.content is None
        else change.wanted.content.decode()
        for change in found.changes
    }


def limits(found: Plan) -> str:
    return "\n".join(f"{limit.statement}: {limit.instead}" for _, limit in found.limits)


def applied(site: str, found: Facts) -> Facts:
    files = {
        path: one.content.decode() for path, one in found.files.items() if one.content is not None
    }
    for path, text in written(planned(site, found)).items():
        if text is None:
            del files[path]
        else:
            files[path] = text
    return facts(files, **found.runtimes)


SITE = """
registries:
  search: [quay.io]
  allow: [quay.io, 'registry.test:5000', docker.io]
  block: [all, quay.io/old]
  insecure: ['registry.test:5000']
  mirrors: {docker.io: [mirror.test/hub]}
"""


def test_a_second_plan_is_empty() -> None:
    assert planned(SITE).changes
    assert not planned(SITE, applied(SITE, facts())).changes


def test_a_site_that_says_nothing_changes_nothing() -> None:
    assert not planned("{}").changes
    assert written(planned("{}", applied("registries: {search: []}", facts()))) == {
        containers.DROP_IN: None
    }


def test_a_file_that_nobody_can_read_stops_only_who_speaks_of_registries() -> None:
    broken = facts({MAIN: "[[registry]\n"})

    assert not planned("{}", broken).changes
    with pytest.raises(UnreadableFile):
        planned("registries: {search: []}", broken)


def test_an_empty_search_list_is_a_statement() -> None:
    assert drop_in("registries: {search: []}") == {"unqualified-search-registries": []}


def test_a_part_that_is_allowed_is_not_blocked_with_the_rest() -> None:
    found = drop_in("registries: {allow: [quay.io/team], block: [quay.io]}")

    assert found["quay.io"]["blocked"]
    assert found["quay.io/team"] == {"location": "quay.io/team"}
    assert found["quay.io:443/team"] == {"location": "quay.io:443/team"}


def test_a_port_that_is_named_is_not_blocked_with_the_host() -> None:
    found = drop_in("registries: {allow: ['quay.io:8443'], block: [quay.io]}")

    assert found["quay.io:8443"] == {"location": "quay.io:8443"}


def test_a_wildcard_as_long_as_an_allowed_host_is_left_to_the_policy() -> None:
    found = planned("registries: {allow: [a.e.test], block: ['*.e.test']}")

    assert containers.DROP_IN not in written(found)
    assert '"a.e.test"' in (written(found)[POLICY] or "")


def test_tables_of_others_are_repeated_with_what_is_governed_changed() -> None:
    others = facts(
        {
            OTHERS: '[[registry]]\nlocation = "a.test"\ninsecure = true\nblocked = true\n'
            '[[registry.mirror]]\nlocation = "m.test"\n'
            '[[registry]]\nlocation = "b.test"\n'
        }
    )

    assert drop_in("registries: {block: []}", others) == {
        "a.test": {"location": "a.test", "insecure": True, "mirror": [{"location": "m.test"}]}
    }
    opened = drop_in("registries: {block: [], insecure: []}", others)
    assert opened == {"a.test": {"location": "a.test", "mirror": [{"location": "m.test"}]}}


def test_what_is_insecure_is_decided_where_the_image_is_fetched() -> None:
    others = facts({OTHERS: '[[registry]]\nprefix = "a.test"\nlocation = "b.test:5000"\n'})

    found = drop_in("registries: {insecure: ['b.test:5000']}", others)

    assert found["a.test"] == {"location": "b.test:5000", "insecure": True}


def test_a_main_file_in_yaml_is_written_in_version_2() -> None:
    found = written(planned("registries: {insecure: []}", facts({MAIN: YAML})))

    assert tomllib.loads(found[MAIN] or "") == {
        "unqualified-search-registries": ["quay.io"],
        "registry": [{"prefix": "a.test", "location": "a.test", "insecure": True}],
    }
    assert "insecure" not in (found[containers.DROP_IN] or "").partition("[[registry]]")[2]


def test_what_red_hats_docker_reads_stays_yaml() -> None:
    docker = RuntimeFacts("1.13.1", pid=1, arguments=("dockerd-current", "--add-registry=quay.io"))
    host = facts({MAIN: YAML}, docker=docker, skopeo=RuntimeFacts("1.2.0"))

    found = planned("registries: {insecure: []}", host)

    assert MAIN not in written(found)
    assert "YAML" in limits(found)


def test_only_crio_is_told() -> None:
    running = facts(crio=RuntimeFacts("1.28.0", pid=7))

    assert planned(SITE).order.actions == ()
    assert planned(SITE, running).order.actions == (Action.RELOAD_CRIO,)


def test_old_tools_get_no_file_that_they_would_not_read() -> None:
    site = "registries: {block: ['*.evil.test', quay.io]}"
    without = planned(site, facts(podman=RuntimeFacts("1.6.4")))
    few = planned(site, facts(podman=RuntimeFacts("3.0.1")))

    assert containers.DROP_IN not in written(without)
    assert "podman 1.6.4 reads no drop-ins" in limits(without)
    assert "*." not in (written(few)[containers.DROP_IN] or "")
    assert "podman 3.0.1 knows no wildcards" in limits(few)


def test_what_cannot_be_held_is_said() -> None:
    site = "registries: {search: [quay.io], block: [quay.io], insecure: [10.0.0.0/8, a.test]}"
    later = "/etc/containers/registries.conf.d/99-later.conf"
    host = facts(
        {
            later: '[[registry]]\nlocation = "x.test"\n',
            OTHERS: '[aliases]\n"app" = "other.test/app"\n',
        }
    )

    told = limits(planned(site, host))

    for part in (
        "QUAY.IO",
        "10.0.0.0/8",
        "other ports",
        f"app is other.test/app ({OTHERS}:2)",
        later,
    ):
        assert part in told


def test_settings_of_crio_that_go_before_the_files_are_named() -> None:
    conf = "/etc/crio/crio.conf.d/10-site.conf"
    text = '[crio.image]\nsignature_policy = "/etc/crio/policy.json"\ninsecure_registries = ["a.test"]\n'
    host = facts({conf: text}, crio=RuntimeFacts("1.28.0"))

    told = limits(planned("registries: {block: [quay.io], insecure: []}", host))

    assert f"CRI-O reads /etc/crio/policy.json for its policy, by {conf}" in told
    assert f"CRI-O has a list of its own in {conf}" in told


def test_a_link_that_the_tools_follow_is_named() -> None:
    host = facts()
    files = {**host.files, MAIN: FoundFile("symlink", target="/elsewhere")}

    told = limits(planned("registries: {search: []}", replace(host, files=files)))

    assert f"{MAIN} is no plain file" in told


def test_ipv6_addresses_stay_out_of_what_would_make_the_tools_refuse_their_files() -> None:
    site = (
        "registries: {search: ['[::1]:5000', quay.io], "
        "mirrors: {docker.io/team: ['[fd00::1]', m.test]}}"
    )

    found = drop_in(site)

    assert found["unqualified-search-registries"] == ["quay.io"]
    assert found["docker.io/team"]["mirror"] == [{"location": "m.test"}]
    assert "registries: [::1]:5000" in limits(planned(site))
    assert "registries: [fd00::1]" in limits(planned(site))


def test_a_policy_that_we_closed_is_opened_again() -> None:
    closed = applied("registries: {allow: [quay.io]}", facts())

    opened = written(planned("registries: {block: []}", closed))

    assert '"reject"' not in (opened[POLICY] or "")
    assert opened[access_file.PATH] is None
