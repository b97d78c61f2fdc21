"""What the site's statements become for Docker, and what they do not."""

from __future__ import annotations

import ipaddress
import json

import pytest

import made_certificates
from wharfinger.errors import WharfingerError
from wharfinger.hosts import bundle, plan
from wharfinger.hosts.on_host import installed
from wharfinger.hosts.on_host.changes import Action, Disruption, DockerAnswers, Handshake
from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.runtimes import access_file, docker
from wharfinger.hosts.site.model import (
    Insecure,
    Mirror,
    Network,
    Registries,
    RegistryTrust,
    Site,
    Trust,
)
from wharfinger.hosts.wanted import Limit
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.patterns import RegistryPattern

RUNNING = RuntimeFacts("20.10.24", pid=7, containers=1, arguments=("/usr/sbin/dockerd",))
INSTALLED: dict[str, str | bytes] = {
    access_file.PATH: "{}\n",
    units.SOCKET_PATH: units.SOCKET_TEXT,
    units.SERVICE_PATH: units.SERVICE_TEXT,
    units.GATE_PATH: units.GATE_TEXT,
    installed.PATH: bundle.content(),
}


def facts(runtime: RuntimeFacts = RUNNING, **files: str | bytes) -> Facts:
    return Facts("node", "debian", "Debian 12", runtimes={"docker": runtime}, files=found(**files))


def found(**files: str | bytes) -> dict[str, FoundFile]:
    names = {"daemon": docker.DAEMON_JSON, "defaults": "/etc/default/docker"}
    return {
        names.get(name, name): FoundFile("file", digest=plan.digest(content), content=content)
        for name, content in (
            (name, given.encode() if isinstance(given, str) else given)
            for name, given in files.items()
        )
    }


def hosts(*names: str) -> tuple[RegistryHost, ...]:
    return tuple(map(RegistryHost.parse, names))


def patterns(*names: str) -> tuple[RegistryPattern, ...]:
    return tuple(map(RegistryPattern.parse, names))


def insecure(*names: str, networks: tuple[Network, ...] = ()) -> Site:
    return Site(Registries(insecure=Insecure(hosts(*names), networks)))


def mirrored(pattern: str, *mirrors: Mirror) -> Site:
    return Site(Registries(mirrors={RegistryPattern.parse(pattern): mirrors}))


def mirror(location: str, *, insecure: bool = False) -> Mirror:
    return Mirror(RegistryPattern.parse(location), insecure)


def planned(site: Site, there: Facts) -> plan.Plan:
    return plan.plan(site, there, compilers=(docker,))


def daemon_json(made: plan.Plan) -> dict[str, object]:
    for change in made.changes:
        if change.wanted.path == docker.DAEMON_JSON:
            assert change.wanted.content is not None
            return dict(json.loads(change.wanted.content))
    raise AssertionError("daemon.json does not change")


def test_insecure_registries_and_networks_are_listed_and_reloaded() -> None:
    site = insecure("registry.test:5000", networks=(ipaddress.ip_network("10.1.0.0/16"),))

    made = planned(site, facts())

    assert daemon_json(made) == {"insecure-registries": ["registry.test:5000", "10.1.0.0/16"]}
    assert [(one.action, one.disruption) for one in made.effects] == [
        (Action.RELOAD_DOCKER, Disruption.RELOAD)
    ]
    assert made.proofs == (
        DockerAnswers(insecure=("registry.test:5000", "10.1.0.0/16"), same_pid=True),
    )


def test_what_others_keep_in_the_file_stays_as_it_is_written() -> None:
    there = facts(
        daemon='{\n  "data-root" : "/data",\n  "insecure-registries": ["old.test", "a.test"]\n}'
    )

    made = planned(insecure("a.test", "b.test"), there)

    assert made.changes[0].wanted.content == (
        b'{\n  "data-root" : "/data",\n  "insecure-registries": ["a.test", "b.test"]\n}'
    )


def test_an_order_that_means_nothing_is_no_change() -> None:
    there = facts(daemon='{"insecure-registries": ["b.test", "a.test"]}')

    assert planned(insecure("a.test", "b.test"), there).changes == ()


def test_an_emptied_list_stays_as_an_empty_one_since_a_reload_forgets_no_key() -> None:
    there = facts(
        daemon='{"insecure-registries": ["a.test"], "registry-mirrors": ["https://m.test/"]}'
    )

    made = planned(Site(Registries(insecure=Insecure(), mirrors={})), there)

    assert daemon_json(made) == {"insecure-registries": [], "registry-mirrors": []}


def test_a_list_that_the_site_does_not_have_changes_nothing() -> None:
    there = facts(
        daemon='{"insecure-registries": ["a.test"], "authorization-plugins": ["wharfinger"]}'
    )

    assert planned(Site(), there).changes == ()
    assert planned(Site(Registries(insecure=Insecure())), facts()).changes == ()


@pytest.mark.parametrize("registry", ["docker.io", "index.docker.io", "[fd00::1]"])
def test_what_docker_takes_for_no_insecure_registry_is_a_limit(registry: str) -> None:
    made = planned(insecure(registry, "[fd00::1]:5000"), facts())

    assert daemon_json(made) == {"insecure-registries": ["[fd00::1]:5000"]}
    assert [limit.statement for _, limit in made.limits] == [f"registries.insecure: {registry}"]


def test_mirrors_of_docker_hub_are_listed_in_order() -> None:
    site = mirrored("docker.io", mirror("a.test:5000"), mirror("b.test"))

    made = planned(site, facts(daemon='{"registry-mirrors": ["https://b.test/"]}'))

    assert daemon_json(made) == {"registry-mirrors": ["https://a.test:5000", "https://b.test"]}
    assert (
        planned(
            site, facts(daemon='{"registry-mirrors": ["https://a.test:5000/", "https://b.test/"]}')
        ).changes
        == ()
    )


def test_an_insecure_mirror_is_asked_both_ways_and_beside_what_is_insecure_already() -> None:
    site = mirrored("docker.io", mirror("m.test:5000", insecure=True))

    made = planned(site, facts(daemon='{"insecure-registries": ["old.test"]}'))

    assert daemon_json(made) == {
        "insecure-registries": ["old.test", "m.test:5000"],
        "registry-mirrors": ["https://m.test:5000", "http://m.test:5000"],
    }


@pytest.mark.parametrize(
    ("pattern", "location"),
    [("quay.io", "m.test"), ("docker.io/library", "m.test"), ("docker.io", "m.test/hub")],
)
def test_a_mirror_that_docker_cannot_have_is_a_limit(pattern: str, location: str) -> None:
    made = planned(mirrored(pattern, mirror(location)), facts())

    assert made.changes == ()
    assert [limit.statement for _, limit in made.limits] == [f"registries.mirrors: {pattern}"]


def test_access_lists_are_for_the_plugin_that_comes_after_those_of_others() -> None:
    site = Site(Registries(allow=patterns("quay.io"), block_all=True))

    made = planned(site, facts(daemon='{"authorization-plugins": ["opa"]}'))

    written = {change.wanted.path: change.wanted.content for change in made.changes}
    assert json.loads(written[access_file.PATH] or b"") == {"allow": ["quay.io"], "block": ["all"]}
    assert daemon_json(made) == {"authorization-plugins": ["opa", "wharfinger"]}
    assert {units.SOCKET_PATH, units.SERVICE_PATH, units.GATE_PATH} < set(written)
    assert [(one.action, one.disruption) for one in made.effects] == [
        (Action.RELOAD_UNITS, Disruption.NONE),
        (Action.START_DOCKER_AUTHZ, Disruption.NONE),
        (Action.RELOAD_DOCKER, Disruption.RELOAD),
    ]
    assert "until Docker is restarted once" in made.limits[0][1].instead
    assert made.proofs == (DockerAnswers(plugin=True, same_pid=True),)


def test_a_changed_access_list_disturbs_nobody() -> None:
    there = facts(daemon='{"authorization-plugins": ["wharfinger"]}', **INSTALLED)

    made = planned(Site(Registries(block=patterns("docker.io"))), there)

    assert [change.wanted.path for change in made.changes] == [access_file.PATH]
    assert made.effects == ()


def test_with_nothing_blocked_the_plugin_leaves_and_is_stopped_last() -> None:
    there = facts(daemon='{"authorization-plugins": ["opa", "wharfinger"]}', **INSTALLED)

    made = planned(Site(Registries(block=())), there)

    assert daemon_json(made) == {"authorization-plugins": ["opa"]}
    gone = {change.wanted.path for change in made.changes if change.wanted.content is None}
    assert gone == set(INSTALLED)
    assert [one.action for one in made.effects] == [
        Action.RELOAD_UNITS,
        Action.RELOAD_DOCKER,
        Action.STOP_DOCKER_AUTHZ,
    ]


def test_a_proxy_of_the_site_stays_and_builds_are_refused() -> None:
    drop_in = "/etc/systemd/system/docker.service.d/http-proxy.conf"
    there = facts(**{drop_in: '[Service]\nEnvironment="HTTPS_PROXY=http://proxy.test:3128"\n'})

    made = planned(Site(Registries(block=patterns("docker.io"))), there)

    assert units.GATE_PATH not in [change.wanted.path for change in made.changes]
    assert drop_in in made.limits[0][1].instead


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("dockerd", "--insecure-registry=a.test"), "/etc/default/docker"),
        (("dockerd", "--insecure-registry", "a.test"), "/etc/default/docker"),
    ],
)
def test_a_flag_that_sets_the_same_is_named_with_its_place(
    arguments: tuple[str, ...], where: str
) -> None:
    there = facts(
        RuntimeFacts("20.10.24", pid=7, arguments=arguments),
        defaults='DOCKER_OPTS="--insecure-registry a.test"\n',
    )

    with pytest.raises(docker.FlagInTheWay) as raised:
        planned(insecure("b.test"), there)

    assert (raised.value.key, raised.value.where) == ("insecure-registries", where)


def test_a_flag_in_a_comment_is_not_where_it_stands() -> None:
    there = facts(
        RuntimeFacts(
            "20.10.24",
            pid=7,
            arguments=("dockerd", "--registry-mirror=https://m"),
            unit="docker.service",
        ),
        defaults='#DOCKER_OPTS="--registry-mirror=x"\n',
    )

    with pytest.raises(docker.FlagInTheWay) as raised:
        planned(mirrored("docker.io", mirror("m.test")), there)

    assert raised.value.where == "the unit docker.service"


def test_a_flag_for_what_the_site_does_not_govern_is_left_alone() -> None:
    there = facts(
        RuntimeFacts("20.10.24", pid=7, arguments=("dockerd", "--registry-mirror=https://m"))
    )

    assert daemon_json(planned(insecure("b.test"), there)) == {"insecure-registries": ["b.test"]}


def test_the_file_is_that_of_the_daemons_command_line() -> None:
    there = facts(
        RuntimeFacts("20.10.24", pid=7, arguments=("dockerd", "--config-file", "/etc/d.json"))
    )

    assert [one.wanted.path for one in planned(insecure("a.test"), there).changes] == [
        "/etc/d.json"
    ]


@pytest.mark.parametrize(
    ("containers", "live_restore", "disruption"),
    [
        (0, False, Disruption.RESTART),
        (2, True, Disruption.RESTART),
        (2, False, Disruption.DRAIN),
        (None, False, Disruption.DRAIN),
    ],
)
def test_a_daemon_too_old_to_reload_restarts(
    containers: int | None, live_restore: bool, disruption: Disruption
) -> None:
    old = RuntimeFacts("17.03.2-ce", pid=7, containers=containers, live_restore=live_restore)

    made = planned(insecure("a.test"), facts(old))

    assert [(one.action, one.disruption) for one in made.effects] == [
        (Action.RESTART_DOCKER, disruption)
    ]
    assert made.proofs == (DockerAnswers(insecure=("a.test",)),)


def test_a_daemon_that_does_not_run_needs_nothing() -> None:
    made = planned(insecure("a.test"), facts(RuntimeFacts("20.10.24")))

    assert (len(made.changes), made.effects, made.proofs) == (1, (), ())


def test_a_search_order_is_a_limit() -> None:
    made = planned(Site(Registries(search=hosts("quay.io", "docker.io"))), facts())

    assert made.limits == (
        (
            "docker",
            Limit("registries.search", "a name without a registry is always one of docker.io"),
        ),
    )
    assert planned(Site(Registries(search=hosts("docker.io"))), facts()).limits == ()


def test_trust_stands_where_docker_looks_and_is_proven_by_a_handshake() -> None:
    trust = {
        name: RegistryTrust((made_certificates.authority().pem,))
        for name in hosts("registry.test:5000", "docker.io")
    }

    made = planned(Site(trust=Trust(registries=trust)), facts())

    folders = [change.wanted.path.split("/")[4] for change in made.changes]
    assert folders == ["registry.test:5000", "registry-1.docker.io"]
    assert made.effects == ()
    assert made.proofs == (
        Handshake("registry.test:5000", "docker"),
        Handshake("docker.io", "docker"),
    )


def test_an_authority_of_others_under_the_name_of_a_client_is_told() -> None:
    there = facts(**{"/etc/docker/certs.d/a.test/ca.cert": "-"})

    (limit,) = planned(Site(), there).limits

    assert "/etc/docker/certs.d/a.test/ca.cert has no key beside it" in limit[1].instead


@pytest.mark.parametrize("text", ["[]", "3", "{", "\0"])
def test_a_daemon_json_that_cannot_be_edited_is_named(text: str) -> None:
    with pytest.raises(WharfingerError, match=docker.DAEMON_JSON):
        planned(insecure("a.test"), facts(daemon=text))


@pytest.mark.parametrize(
    "text", ['{"insecure-registries": {"a": 1}}', '{"insecure-registries": [1]}']
)
def test_a_key_of_another_kind_is_set_right(text: str) -> None:
    made = planned(insecure("a.test"), facts(daemon=text))

    assert daemon_json(made) == {"insecure-registries": ["a.test"]}
