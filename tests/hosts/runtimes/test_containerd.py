"""What the site's statements become for containerd, and what they do not."""

from __future__ import annotations

import ipaddress
import tomllib
from dataclasses import replace
from typing import Any

import pytest

import made_certificates
from wharfinger.errors import WharfingerError
from wharfinger.hosts import plan
from wharfinger.hosts.on_host.changes import Action, ContainerdAnswers, Disruption, Handshake
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.runtimes import access_file, certs_d, containerd
from wharfinger.hosts.runtimes.containerd_config import LegacyRegistries
from wharfinger.hosts.runtimes.registry_hosts import MARK, NOBODY
from wharfinger.hosts.site.model import (
    ClientCertificate,
    Insecure,
    Mirror,
    Registries,
    RegistryTrust,
    Site,
    Trust,
)
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.patterns import RegistryPattern

ROOT = "/etc/containerd/certs.d"
SET = f'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "{ROOT}"\n'
RUNNING = RuntimeFacts("1.6.20", pid=9)


def facts(runtime: RuntimeFacts = RUNNING, config: str | None = SET, **files: str) -> Facts:
    named = {f"{ROOT}/{name}": text for name, text in files.items()}
    if config is not None:
        named[containerd.CONFIG] = config
    found = {
        path: FoundFile("file", digest=plan.digest(text.encode()), content=text.encode())
        for path, text in named.items()
    }
    return Facts("node", "debian", "Debian 12", runtimes={"containerd": runtime}, files=found)


def hosts(*names: str) -> tuple[RegistryHost, ...]:
    return tuple(map(RegistryHost.parse, names))


def patterns(*names: str) -> tuple[RegistryPattern, ...]:
    return tuple(map(RegistryPattern.parse, names))


def insecure(*names: str) -> Site:
    return Site(Registries(insecure=Insecure(hosts(*names))))


def mirrored(**mirrors: tuple[Mirror, ...]) -> Site:
    return Site(
        Registries(mirrors={RegistryPattern.parse(name): one for name, one in mirrors.items()})
    )


def mirror(location: str, *, insecure: bool = False) -> Mirror:
    return Mirror(RegistryPattern.parse(location), insecure)


def planned(site: Site, there: Facts | None = None) -> plan.Plan:
    return plan.plan(site, there or facts(), compilers=(containerd,))


def written(made: plan.Plan) -> dict[str, str | None]:
    """The changes below the root, by their paths there."""
    return {
        change.wanted.path[len(ROOT) + 1 :]: None
        if change.wanted.content is None
        else change.wanted.content.decode()
        for change in made.changes
        if change.wanted.path.startswith(ROOT)
    }


def document(made: plan.Plan, registry: str) -> dict[str, Any]:
    text = written(made)[f"{registry}/hosts.toml"]
    assert text is not None
    return tomllib.loads(text)


def test_an_authority_and_a_client_are_named_in_the_file_of_the_registry() -> None:
    authority = made_certificates.authority().pem
    trust = {
        RegistryHost.parse("registry.test:5000"): RegistryTrust(
            (authority,), ClientCertificate(b"c", b"k")
        )
    }

    made = planned(Site(trust=Trust(registries=trust)))

    folder = f"{ROOT}/registry.test:5000"
    assert document(made, "registry.test:5000") == {
        "server": "https://registry.test:5000",
        "ca": [f"{folder}/{certs_d.authority_name(authority)}"],
        "client": [[f"{folder}/wharfinger.cert", f"{folder}/wharfinger.key"]],
        "host": {},
    }
    assert made.effects == ()
    assert made.proofs == (ContainerdAnswers(), Handshake("registry.test:5000", "containerd"))


def test_config_path_is_set_where_it_is_missing_and_that_needs_one_restart() -> None:
    made = planned(insecure("a.test"), facts(config="version = 2\n\n[plugins]\n  # theirs\n"))

    (config,) = [one for one in made.changes if one.wanted.path == containerd.CONFIG]
    text = (config.wanted.content or b"").decode()
    assert "  # theirs\n" in text
    table = tomllib.loads(text)["plugins"]["io.containerd.grpc.v1.cri"]["registry"]
    assert table == {"config_path": ROOT}
    assert [(one.action, one.disruption) for one in made.effects] == [
        (Action.RESTART_CONTAINERD, Disruption.RESTART)
    ]


@pytest.mark.parametrize(
    ("version", "config", "table"),
    [
        ("1.6.20", None, ("io.containerd.grpc.v1.cri", "registry")),
        ("2.0.1", None, ("io.containerd.cri.v1.images", "registry")),
        ("2.0.1", "version = 2\n", ("io.containerd.grpc.v1.cri", "registry")),
        ("1.4.0", "oom_score = 0\n", ("cri", "registry")),
    ],
)
def test_config_path_stands_where_the_files_version_has_it(
    version: str, config: str | None, table: tuple[str, ...]
) -> None:
    made = planned(insecure("a.test"), facts(RuntimeFacts(version, pid=9), config))

    (change,) = [one for one in made.changes if one.wanted.path == containerd.CONFIG]
    found = tomllib.loads((change.wanted.content or b"").decode())["plugins"]
    for key in table:
        found = found[key]
    assert found == {"config_path": ROOT}


def test_without_the_plugin_that_reads_it_config_path_is_not_set() -> None:
    made = planned(insecure("a.test"), facts(config='disabled_plugins = ["cri"]\n'))

    assert list(written(made)) == ["a.test/hosts.toml"]
    assert made.effects == ()


@pytest.mark.parametrize(
    "legacy",
    [
        'registry.mirrors."docker.io"]\nendpoint = ["x"]',
        'registry.configs."a.test".tls]\nca_file = "x"',
    ],
)
def test_the_older_form_is_named_since_containerd_refuses_both(legacy: str) -> None:
    config = f'version = 2\n[plugins."io.containerd.grpc.v1.cri".{legacy}\n'

    with pytest.raises(LegacyRegistries) as raised:
        planned(insecure("a.test"), facts(config=config))

    assert raised.value.line == 2


def test_an_insecure_registry_is_asked_with_any_certificate_and_then_without_tls() -> None:
    made = planned(insecure("a.test:5000"))

    assert document(made, "a.test:5000") == {
        "server": "http://a.test:5000",
        "host": {
            "https://a.test:5000": {
                "capabilities": ["pull", "resolve", "push"],
                "skip_verify": True,
            }
        },
    }
    text = written(made)["a.test:5000/hosts.toml"] or ""
    assert written(planned(insecure(), facts(**{"a.test:5000/hosts.toml": text}))) == {
        "a.test:5000/hosts.toml": None
    }


def test_mirrors_are_asked_in_order_below_their_paths_and_docker_hub_by_its_own_name() -> None:
    made = planned(
        mirrored(**{"docker.io": (mirror("m.test:5000/hub"), mirror("n.test", insecure=True))})
    )

    found = document(made, "docker.io")
    assert found["server"] == "https://registry-1.docker.io"
    assert list(found["host"].items()) == [
        (
            "https://m.test:5000/v2/hub",
            {"capabilities": ["pull", "resolve"], "override_path": True},
        ),
        ("https://n.test", {"capabilities": ["pull", "resolve"], "skip_verify": True}),
        ("http://n.test", {"capabilities": ["pull", "resolve"]}),
    ]


def test_a_mirror_is_trusted_by_what_the_site_says_of_its_registry() -> None:
    authority = made_certificates.authority().pem
    site = Site(
        mirrored(**{"quay.io": (mirror("m.test"),)}).registries,
        Trust(registries={RegistryHost.parse("m.test"): RegistryTrust((authority,))}),
    )

    found = document(planned(site), "quay.io")

    assert found["host"]["https://m.test"]["ca"] == [
        f"{ROOT}/m.test/{certs_d.authority_name(authority)}"
    ]


def test_a_blocked_registry_has_nobody_to_ask_under_any_of_its_names() -> None:
    made = planned(Site(Registries(block=patterns("quay.io"))))

    blocked = {"server": NOBODY, "capabilities": ["push"], "host": {}}
    for name in ("quay.io", "quay.io:443", "quay.io:80"):
        assert document(made, name) == blocked
    assert "_default/hosts.toml" not in written(made)


def test_an_allow_list_blocks_what_has_no_directory_and_what_others_have_put_there() -> None:
    there = facts(**{"other.test/ca.crt": "-"})

    made = planned(Site(Registries(allow=patterns("quay.io", "docker.io/library"))), there)

    assert document(made, "_default")["server"] == NOBODY
    assert document(made, "other.test")["server"] == NOBODY
    assert document(made, "quay.io") == {"server": "https://quay.io", "host": {}}
    assert document(made, "docker.io") == {"server": "https://registry-1.docker.io", "host": {}}
    assert "registries.allow: docker.io/library" in [one.statement for _, one in made.limits]


def test_a_blocked_registry_is_not_greeted_even_if_it_is_trusted() -> None:
    trust = dict.fromkeys(hosts("a.test", "b.test"), RegistryTrust())
    site = Site(Registries(block=patterns("a.test")), Trust(registries=trust))

    assert planned(site).proofs == (ContainerdAnswers(), Handshake("b.test", "containerd"))


def test_with_nothing_blocked_any_more_all_of_it_goes() -> None:
    first = planned(Site(Registries(allow=patterns("quay.io"))))
    there = facts(**{path: text or "" for path, text in written(first).items()})

    assert planned(Site(Registries(allow=patterns("quay.io"))), there).changes[0].wanted.path == (
        access_file.PATH
    )
    made = planned(Site(Registries(block=())), there)

    assert written(made) == {"_default/hosts.toml": None, "quay.io/hosts.toml": None}


def test_what_is_blocked_stays_so_while_the_site_says_nothing_of_access() -> None:
    blocked = f'{MARK}server = "{NOBODY}"\ncapabilities = ["push"]\n\n[host]\n'
    there = facts(**{"_default/hosts.toml": blocked, "a.test/hosts.toml": blocked})

    made = planned(insecure("a.test", "new.test"), there)

    assert document(made, "new.test")["server"] == NOBODY
    assert "a.test/hosts.toml" not in written(made)


def test_a_file_of_others_is_edited_in_what_the_site_governs() -> None:
    theirs = (
        '# ours for years\nserver = "https://a.test"\n\n'
        '[host."https://old.test"]\n  capabilities = ["pull"] # why\n\n'
        '[host."https://keep.test"]\n  capabilities = ["pull", "resolve"]\n  [host."https://keep.test".header]\n'
        '    x-team = "ops"\n'
    )
    there = facts(**{"a.test/hosts.toml": theirs})

    made = planned(mirrored(**{"a.test": (mirror("keep.test"),)}), there)

    assert written(made)["a.test/hosts.toml"] == (
        '# ours for years\nserver = "https://a.test"\n\n\n'
        '[host."https://keep.test"]\n  capabilities = ["pull", "resolve"]\n  [host."https://keep.test".header]\n'
        '    x-team = "ops"\n'
    )


def test_authorities_of_others_stay_beside_ours() -> None:
    authority = made_certificates.authority().pem
    trust = {RegistryHost.parse("a.test"): RegistryTrust((authority,))}
    there = facts(
        **{"a.test/hosts.toml": 'server = "https://a.test"\nca = "/theirs.crt"\n\n[host]\n'}
    )

    made = planned(Site(trust=Trust(registries=trust)), there)

    assert document(made, "a.test")["ca"] == [
        "/theirs.crt",
        f"{ROOT}/a.test/{certs_d.authority_name(authority)}",
    ]


def test_certificates_that_containerd_took_by_their_names_stay_in_force() -> None:
    there = facts(**{"a.test/ca.crt": "-", "a.test/c.cert": "-", "a.test/c.key": "-"})

    found = document(planned(insecure("a.test"), there), "a.test")

    assert found["ca"] == [f"{ROOT}/a.test/ca.crt"]
    assert found["client"] == [[f"{ROOT}/a.test/c.cert", f"{ROOT}/a.test/c.key"]]


def test_a_directory_is_used_as_it_is_spelled_there() -> None:
    there = facts(**{"a.test_5000_/hosts.toml": '[host."http://m.test"]\n'})

    assert list(written(planned(insecure("a.test:5000"), there))) == ["a.test_5000_/hosts.toml"]


def test_a_new_directory_keeps_what_the_default_one_said() -> None:
    there = facts(
        **{"_default/hosts.toml": 'server = "https://m.test"\n[host."https://spegel.test"]\n'}
    )

    found = document(planned(insecure("a.test"), there), "a.test")

    assert list(found["host"]) == ["https://spegel.test", "https://a.test"]
    assert found["server"] == "http://a.test"


def test_containerd_2_asks_an_executable_and_then_the_lists_hold_to_the_letter() -> None:
    site = Site(Registries(allow=patterns("quay.io/team"), block=patterns("*.evil.test")))
    newer = RuntimeFacts("2.1.0", pid=9)

    made = planned(site, facts(newer, None))

    (verifier,) = [one for one in made.changes if one.wanted.path.startswith("/opt/")]
    assert verifier.wanted.path == "/opt/containerd/image-verifier/bin/wharfinger"
    assert (verifier.wanted.content, verifier.wanted.mode) == (containerd.VERIFIER.encode(), 0o755)
    assert made.limits == ()
    assert all(not one.wanted.path.startswith("/opt/") for one in planned(site).changes)


def test_nothing_is_touched_where_the_site_says_nothing() -> None:
    there = facts(**{"a.test/hosts.toml": "skip_verify = true\n", "b.test/wharfinger.cert": "-"})

    assert planned(Site(), there).changes == ()


def test_a_second_plan_is_empty() -> None:
    authority = made_certificates.authority().pem
    trust = RegistryTrust((authority,), ClientCertificate(b"c", b"k"))
    every = hosts("a.test", "b.test:5000", "m.test")
    site = Site(
        Registries(
            allow=patterns("a.test", "b.test:5000"),
            insecure=Insecure(hosts("a.test")),
            mirrors={
                one: (mirror("m.test/x"), mirror("b.test:5000", insecure=True))
                for one in patterns("a.test", "docker.io")
            },
        ),
        Trust(registries=dict.fromkeys(every, trust)),
    )
    there = facts(config=None)
    made = planned(site, there)
    done = {
        change.wanted.path: FoundFile(
            "file", digest=plan.digest(change.wanted.content), content=change.wanted.content
        )
        for change in made.changes
        if change.wanted.content is not None
    }

    assert planned(site, replace(there, files=done)).changes == ()


def test_what_containerd_cannot_do_is_told() -> None:
    networks = (ipaddress.ip_network("10.0.0.0/8"),)
    site = Site(
        Registries(
            search=hosts("quay.io"),
            insecure=Insecure(networks=networks),
            mirrors={RegistryPattern.parse("quay.io/team"): (mirror("m.test"),)},
            block=patterns("*.evil.test", "quay.io/bad"),
        )
    )

    told = {limit.statement for _, limit in planned(site).limits}

    assert told == {
        "registries.search",
        "registries.insecure",
        "registries.mirrors: quay.io/team",
        "registries.block: *.evil.test",
        "registries.block: quay.io/bad",
        access_file.REASON,
    }


@pytest.mark.parametrize(
    "text",
    ["host = 1\n", '[host]\n"https://a.test" = "x"\n', "[[host]]\n", "host = [\n", "\0"],
)
def test_a_file_that_cannot_be_edited_is_named(text: str) -> None:
    with pytest.raises(WharfingerError, match=r"a\.test/hosts\.toml"):
        planned(insecure("a.test"), facts(**{"a.test/hosts.toml": text}))


@pytest.mark.parametrize(
    "text", ["version = 2\nplugins = 3\n", "version = 2\n[plugins", "version = []\nplugins = 1\n"]
)
def test_a_config_toml_that_cannot_be_edited_is_named(text: str) -> None:
    with pytest.raises(WharfingerError, match=containerd.CONFIG):
        planned(insecure("a.test"), facts(config=text))


@pytest.mark.parametrize("text", ["version = 9\n", "version = 2\ndisabled_plugins = 3\n"])
def test_an_odd_config_toml_gets_its_config_path(text: str) -> None:
    made = planned(insecure("a.test"), facts(config=text))

    assert containerd.CONFIG in [one.wanted.path for one in made.changes]
