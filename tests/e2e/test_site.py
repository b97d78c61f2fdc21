"""`wharf site adopt` on trees as real hosts have them, and `wharf site check` on what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from ruamel.yaml import YAML

from e2e import machine
from e2e.machine import Done
from e2e.wharf import WHARF

pytestmark = pytest.mark.e2e

PARTLY = 4

RHEL_7 = {
    "etc/os-release": 'NAME="Red Hat Enterprise Linux Server"\nID="rhel"\nVERSION_ID="7.9"\n',
    "usr/bin/dockerd-current": "",
    "etc/containers/registries.conf": """\
# This is a system-wide configuration file used to
# keep track of registries for various container backends.
# It adheres to YAML format and does not support recursive
# lists of registries.

# The default location for this configuration file is /etc/containers/registries.conf.

registries:
  - registry.access.redhat.com
  - registry.example.test:5000

# If you need to access insecure registries, uncomment the section below
# and add the registries fully-qualified name.
insecure_registries:
  - registry.example.test:5000
  - 0.0.0.0/0

block_registries:
  - all
""",
    "etc/sysconfig/docker": """\
# /etc/sysconfig/docker

# Modify these options if you want to change the way the docker daemon runs
OPTIONS=' --selinux-enabled --log-driver=journald --signature-verification=False'
if [ -z "${DOCKER_CERT_PATH}" ]; then
    DOCKER_CERT_PATH=/etc/docker
fi

# If you want to add your own registry to be used for docker search and docker
# pull use the ADD_REGISTRY option to list a set of registries, each prepended
# with --add-registry flag. The first registry added will be the first registry
# searched.
ADD_REGISTRY='--add-registry registry.access.redhat.com --add-registry registry.example.test:5000'

# BLOCK_REGISTRY='--block-registry'
BLOCK_REGISTRY='--block-registry all'

# INSECURE_REGISTRY='--insecure-registry'
INSECURE_REGISTRY='--insecure-registry registry.example.test:5000 --insecure-registry 172.30.0.0/16'
""",
    "etc/docker/daemon.json": "{}\n",
}
FEDORA = {
    "etc/os-release": 'NAME="Fedora Linux"\nID=fedora\n',
    "usr/bin/podman": "",
    "etc/containers/registries.conf": """\
# NOTE: RISK OF USING UNQUALIFIED IMAGE NAMES
unqualified-search-registries = ["registry.fedoraproject.org", "docker.io"]

[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "mirror.example.test/hub"

[[registry]]
location = "localhost:5000"
insecure = true
""",
    "etc/containers/registries.conf.d/000-shortnames.conf": """\
[aliases]
  # almalinux
  "almalinux" = "docker.io/library/almalinux"
  # fedora
  "fedora" = "registry.fedoraproject.org/fedora"
""",
    "etc/containers/registries.conf.d/001-mode.conf": 'short-name-mode = "enforcing"\n',
    "etc/containers/policy.json": """\
{
    "default": [
        {
            "type": "insecureAcceptAnything"
        }
    ],
    "transports": {
        "docker": {
            "registry.access.redhat.com": [
                {
                    "type": "signedBy",
                    "keyType": "GPGKeys",
                    "keyPath": "/etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release"
                }
            ],
            "evil.example.test": [{"type": "reject"}]
        },
        "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]}
    }
}
""",
}
DEBIAN = {
    "etc/os-release": 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\n',
    "usr/bin/dockerd": "",
    "usr/bin/containerd": "",
    "etc/docker/daemon.json": """\
{
  "log-driver": "journald",
  "insecure-registries": ["10.0.0.0/8"],
  "registry-mirrors": ["https://mirror.example.test"]
}
""",
    "etc/containerd/certs.d/docker.io/hosts.toml": """\
server = "https://registry-1.docker.io"

[host."https://mirror.example.test"]
  capabilities = ["pull", "resolve"]
""",
}


def tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if name.startswith("usr/bin/"):
            path.chmod(0o755)
    return root


def put(root: Path, name: str, content: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def adopt(root: Path, to: Path) -> Done:
    return machine.run(WHARF, "site", "adopt", "--root", root, "-o", to)


def written(to: Path) -> dict[str, object]:
    loaded: dict[str, object] = YAML(typ="safe").load(to.read_text())
    return loaded


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_host_with_red_hats_docker(tmp_path: Path, authority: trustme.CA) -> None:
    root, to = tree(tmp_path / "root", RHEL_7), tmp_path / "site" / "site.yaml"
    certs = "etc/docker/certs.d/registry.example.test:5000"
    client = authority.issue_cert("host.example.test")
    put(root, f"{certs}/ca.crt", authority.cert_pem.bytes())
    put(root, f"{certs}/client.cert", client.cert_chain_pems[0].bytes())
    put(root, f"{certs}/client.key", client.private_key_pem.bytes())
    put(root, "etc/pki/ca-trust/source/anchors/site.crt", authority.cert_pem.bytes())
    link = root / "etc/docker/certs.d/registry.access.redhat.com/redhat-ca.crt"
    link.parent.mkdir()
    link.symlink_to("/etc/rhsm/ca/redhat-uep.pem")

    done = adopt(root, to)

    assert done.code == PARTLY, done
    searched = ["registry.access.redhat.com", "registry.example.test:5000"]
    assert written(to) == {
        "registries": {
            "search": searched,
            "allow": searched,
            "block": ["all"],
            "insecure": ["registry.example.test:5000", "172.30.0.0/16"],
        },
        "trust": {
            "registries": {
                "registry.example.test:5000": {"ca": "certs/registry.example.test:5000.crt"}
            },
            "system": "certs/system.crt",
        },
    }
    told = done.err.splitlines()
    assert any("registries.conf:16: left out of registries.insecure" in line for line in told)
    assert any("client.cert: its private key was not read" in line for line in told)
    assert any("/etc/rhsm/ca/redhat-uep.pem, which was not read" in line for line in told)
    assert any("/etc/sysconfig/docker: does not say the same" in line for line in told)
    key = client.private_key_pem.bytes().splitlines()[1]
    assert all(key not in path.read_bytes() for path in to.parent.rglob("*") if path.is_file())

    checked = machine.run(WHARF, "site", "check", to)
    assert checked.ok, checked
    assert "all: everything that allow does not list" in checked.out
    assert "has an authority in trust.registries too" in checked.err


def test_a_key_that_is_brought_completes_what_was_adopted(
    tmp_path: Path, authority: trustme.CA
) -> None:
    root, to = tree(tmp_path / "root", DEBIAN), tmp_path / "site.yaml"
    client = authority.issue_cert("host.example.test")
    put(root, "etc/docker/certs.d/a.test/c.cert", client.cert_chain_pems[0].bytes())
    put(root, "etc/docker/certs.d/a.test/c.key", client.private_key_pem.bytes())
    told = adopt(root, to).err
    assert "add `client: {cert: 'certs/a.test.cert', key: 'certs/a.test.key'}`" in told

    to.write_text(
        "trust:\n  registries:\n    a.test:\n"
        "      client: {cert: 'certs/a.test.cert', key: 'certs/a.test.key'}\n"
    )
    key = tmp_path / "certs" / "a.test.key"
    key.write_bytes(client.private_key_pem.bytes())
    key.chmod(0o644)
    assert "everybody on this machine can read it" in machine.run(WHARF, "site", "check", to).err

    key.chmod(0o600)
    assert machine.run(WHARF, "site", "check", to).ok


def test_a_host_with_podman(tmp_path: Path) -> None:
    root, to = tree(tmp_path / "root", FEDORA), tmp_path / "site.yaml"

    done = adopt(root, to)

    assert done.code == PARTLY, done
    assert written(to) == {
        "registries": {
            "search": ["registry.fedoraproject.org", "docker.io"],
            "block": ["evil.example.test"],
            "insecure": ["localhost:5000"],
            "mirrors": {"docker.io": ["mirror.example.test/hub"]},
            "shortNames": "enforcing",
        }
    }
    aliases, signed = done.err.splitlines()
    assert "000-shortnames.conf:3: left out: 2 aliases" in aliases
    assert "policy.json:9: left out: registry.access.redhat.com has to be signed" in signed
    assert machine.run(WHARF, "site", "check", to).ok


def test_a_host_with_docker_and_containerd(tmp_path: Path, authority: trustme.CA) -> None:
    root, to = tree(tmp_path / "root", DEBIAN), tmp_path / "site.yaml"
    put(root, "usr/local/share/ca-certificates/site.crt", authority.cert_pem.bytes())

    done = adopt(root, to)

    assert (done.code, done.err) == (0, "")
    assert written(to) == {
        "registries": {
            "insecure": ["10.0.0.0/8"],
            "mirrors": {"docker.io": ["mirror.example.test"]},
        },
        "trust": {"system": "certs/system.crt"},
    }
    assert machine.run(WHARF, "site", "check", to).ok

    again = adopt(root, to)
    assert again.code == 1
    assert "it is there already" in again.err


def test_facts_travel_and_say_the_same_as_the_host(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", FEDORA)
    facts = tmp_path / "facts.json"
    facts.write_text(machine.run(WHARF, "hosts", "facts", "--root", root, "-o", "json").check())

    here = machine.run(WHARF, "site", "adopt", "--root", root)
    there = machine.run(WHARF, "site", "adopt", "--facts", facts)

    assert (here.out, here.err) == (there.out, there.err)
    assert "shortNames: enforcing" in here.out


def test_what_was_adopted_is_what_the_host_has(tmp_path: Path) -> None:
    """A plan of the adopted site changes no file that was there."""
    root, to = tree(tmp_path / "root", DEBIAN), tmp_path / "site.yaml"
    adopt(root, to)

    planned = machine.run(WHARF, "hosts", "plan", to, "--root", root).check()

    assert "\nchange " not in f"\n{planned}"
