import inspect
import json
import os
import re
from pathlib import Path

import pytest
import trustme

from wharfinger.cli import site, site_file
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.hosts.on_host import facts as host_facts
from wharfinger.hosts.on_host.facts import Facts, FoundFile
from wharfinger.hosts.site import file

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(home, monkeypatch):
    monkeypatch.chdir(home)
    return home


def test_check_says_what_each_statement_means(wharf, folder):
    (folder / "site.yaml").write_text(
        "registries:\n  search: [quay.io, docker.io]\n  allow: [quay.io, docker.io]\n"
        "  block: [all]\n  insecure: ['localhost:5000', 10.0.0.0/8]\n"
        "  mirrors: {docker.io: [m.test, n.test]}\nimports: {}\n"
    )

    result = wharf("site", "check")

    assert result.code == ExitCode.OK
    meant = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert meant["registries.search"] == "quay.io, then docker.io"
    assert meant["registries.block"] == "all: everything that allow does not list"
    assert meant["registries.insecure"] == "localhost:5000, network 10.0.0.0/8 (Docker only)"
    assert meant["registries.mirrors"] == "docker.io by m.test, then n.test"
    assert meant["trust.system"] == "not said: hosts keep what they have"
    assert result.err.startswith("warning: registries.insecure: localhost:5000 may be reached, and")


def test_check_tells_all_faults_with_their_lines(wharf, folder):
    (folder / "site.yaml").write_text("registries:\n  serch: []\n  block: [a/../b]\n  allow:\n")

    result = wharf("site", "check")

    assert (result.code, result.out) == (ExitCode.ERROR, "")
    head, *told, hint = result.err.splitlines()
    assert head == "error: cannot use site.yaml: it has 3 faults"
    assert [line.split(" ")[0] for line in told] == [f"site.yaml:{line}:" for line in (2, 3, 4)]
    assert hint.startswith("hint: docs/reference/site.md")


def test_check_shows_no_character_that_acts_on_the_terminal(wharf, folder):
    (folder / "site.yaml").write_text('registries: {"\\e[31m": [], search: ["\\e]0;x\\a"]}\n')

    assert "\x1b" not in wharf("site", "check").err


def test_check_without_a_file_says_how_to_come_by_one(wharf, folder):
    result = wharf("site", "check")

    assert result.code == ExitCode.ERROR
    assert "hint: name the site file, or write one" in result.err


def test_check_refuses_certificates_that_will_not_do(wharf, folder):
    authority = trustme.CA()
    (folder / "ca.crt").write_bytes(authority.cert_pem.bytes())
    leaf = authority.issue_cert("registry.test")
    (folder / "leaf.crt").write_bytes(leaf.cert_chain_pems[0].bytes())
    (folder / "other.key").write_bytes(authority.issue_cert("x.test").private_key_pem.bytes())
    (folder / "other.key").chmod(0o600)
    (folder / "site.yaml").write_text(
        "trust:\n  system: [ca.crt]\n  registries:\n    registry.test: {ca: leaf.crt}\n"
        "    a.test: {ca: ca.crt, client: {cert: leaf.crt, key: other.key}}\n"
    )

    result = wharf("site", "check")

    assert result.code == ExitCode.ERROR
    assert "cannot trust 2 certificates of the site" in result.err
    assert "it is no CA" in result.err
    assert "the key belongs to another certificate" in result.err


def test_a_pipe_a_device_and_a_folder_are_no_files(folder):
    os.mkfifo(folder / "fifo")
    for name in ("fifo", "/dev/zero", "."):
        with pytest.raises(site_file.CannotRead, match="no regular file"):
            site_file.read(folder / name, name)


def test_a_file_beyond_its_limit_is_not_read(folder):
    with (folder / "large").open("wb") as large:
        large.truncate(site_file.MAX_BYTES + 1)

    with pytest.raises(site_file.FileTooLarge):
        site_file.read(folder / "large", "large")


def test_schema_prints_the_schema(wharf):
    assert json.loads(wharf("site", "schema").out) == file.schema()


# Adopting


def test_the_page_tells_of_each_source_that_adopt_reads():
    page = (ROOT / "docs/reference/site.md").read_text()
    sources = [name.replace("_", "-") for name in inspect.signature(site.adopt).parameters]

    assert re.findall(r"^\| `--([a-z-]+)` \|", page, re.MULTILINE) == sources[:-1]
    assert sources[-1] == "to"


@pytest.fixture
def facts(folder):
    """Facts as `wharf hosts facts -o json` writes them, of a host with an authority and two lists."""
    contents = {
        "/etc/docker/daemon.json": b'{"insecure-registries": ["a.test", "b.test/x"]}',
        "/etc/docker/certs.d/a.test/ca.crt": trustme.CA().cert_pem.bytes(),
    }
    found = {path: FoundFile("file", content=content) for path, content in contents.items()}
    path = folder / "facts.json"
    path.write_text(json.dumps(host_facts.to_json(Facts("n", "debian", "Debian", files=found))))
    return path


def test_adopt_writes_a_site_file_with_its_certificates_beside_it(wharf, folder, facts):
    result = wharf("site", "adopt", "--facts", "facts.json", "-o", "site/site.yaml")

    assert (result.code, result.out) == (ExitCode.PARTIAL, "")
    assert result.err.startswith("/etc/docker/daemon.json:1: left out of registries.insecure")
    site = site_file.load(folder / "site" / "site.yaml")
    assert [str(one) for one in site.registries.insecure.registries] == ["a.test"]
    assert len(site.trust.registries) == 1


def test_adopt_overwrites_nothing(wharf, folder, facts):
    (folder / "certs").mkdir()
    (folder / "certs" / "a.test.crt").write_text("mine")

    result = wharf("site", "adopt", "--facts", "facts.json", "-o", "site.yaml")

    assert result.code == ExitCode.ERROR
    assert "certs/a.test.crt': it is there already" in result.err
    assert not (folder / "site.yaml").exists()


def test_adopt_prints_where_no_file_is_named(wharf, folder, facts):
    result = wharf("site", "adopt", "--facts", "facts.json")

    assert "  insecure:\n  - a.test\n" in result.out
    assert "are written with -o FILE" in result.err
    assert not (folder / "certs").exists()


def test_adopt_is_done_where_nothing_is_left_out(wharf, folder):
    (folder / "hosts").write_text("[OSEv3:vars]\nopenshift_docker_blocked_registries=a.test\n")
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "all.yml").write_text("openshift_docker_insecure_registries: b.test\n")

    result = wharf("site", "adopt", "--inventory", "hosts")

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert result.out.splitlines()[1:] == [
        "registries:",
        "  block:",
        "  - a.test",
        "  insecure:",
        "  - b.test",
    ]


def test_adopt_joins_what_several_sources_say(wharf, folder):
    (folder / "master.yaml").write_text("imagePolicyConfig: {disableScheduledImport: true}\n")
    (folder / "image.yaml").write_text("spec: {registrySources: {blockedRegistries: [a.test]}}\n")

    result = wharf(
        "site", "adopt", "--master-config", "master.yaml", "--image-config", "image.yaml"
    )

    assert result.code == ExitCode.OK
    assert "  block:\n  - a.test\nimports:\n  disableScheduledImport: true\n" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--root", "nowhere"],
        ["--trusted-ca", "x"],
        ["--facts", "site.json"],
        ["--facts", "list.json"],
    ],
)
def test_sources_that_make_no_sense_are_usage_errors(wharf, folder, arguments):
    (folder / "site.json").write_text("{}")
    (folder / "list.json").write_text("[]")

    assert wharf("site", "adopt", *arguments).code == ExitCode.USAGE


def test_an_inventory_that_cannot_be_read_tells_where(wharf, folder):
    (folder / "hosts.yml").write_text("all:\n  vars: {a: *b}\n")

    result = wharf("site", "adopt", "--inventory", "hosts.yml")

    assert result.code == ExitCode.ERROR
    assert "hosts.yml:2: all.vars.a: cannot follow alias *b" in result.err
