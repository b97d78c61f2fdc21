"""
A fleet of three hosts, by playbook and by `wharf hosts … -i`: hosts with an sshd each, and nothing of
ours on them. A registry with an authority of its own, which asks for a client certificate, shows
whether what was put on a host is what its tools read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from e2e import images, machine
from e2e.fleet_hosts import HARBOUR_ADDRESS, REGISTRY, Fleet
from e2e.machine import Done, Process

pytestmark = pytest.mark.e2e

NAMES = ("one", "two", "three")
IMAGE = f"docker://{REGISTRY}:5000/library/app:1"
MIRRORED = "docker://docker.io/library/app:1"
OLD_PYTHON = "/root/.pyenv/versions/3.9.18/bin/python3.9"  # the oldest that a host may have
BIN = machine.ROOT / ".venv" / "bin"
SITE = f"""
registries:
  search: ["{REGISTRY}:5000"]
  mirrors:
    docker.io: ["{REGISTRY}:5000"]
  block: [blocked.site.test]
  insecure: ["lab.site.test:5000"]
trust:
  registries:
    "{REGISTRY}:5000":
      ca: ca.crt
      client: {{cert: client.crt, key: client.key}}
  system: [ca.crt]
"""
PLAYBOOK = """
- name: Hosts
  hosts: all
  gather_facts: false
  any_errors_fatal: true
  roles:
    - role: wharfinger.site.host
      wharfinger_site: "{{ inventory_dir }}/site.yaml"
"""
UNDO = """
- name: Hosts
  hosts: all
  gather_facts: false
  tasks:
    - name: Back
      wharfinger.site.host:
        state: undone
"""


@dataclass(frozen=True, slots=True)
class Yard:
    """A fleet, and beside its inventory the site file and the playbooks."""

    fleet: Fleet
    folder: Path

    def play(self, playbook: str, *more: str) -> Done:
        program = (BIN / "ansible-playbook", f"--inventory={self.fleet.inventory}")
        return self.fleet.run(*program, *more, self.folder / playbook)

    def wharf(self, *words: str | Path) -> Done:
        return self.fleet.run(BIN / "wharf", "hosts", *words)

    @property
    def site(self) -> Path:
        return self.folder / "site.yaml"

    def trees(self) -> dict[str, object]:
        return {name: self.fleet.tree(name) for name in NAMES}


@pytest.fixture
def yard(short_path: Path) -> Iterator[Yard]:
    authority = trustme.CA()
    client = authority.issue_cert("client@site.test")
    server = authority.issue_cert(REGISTRY)
    authority.cert_pem.write_to_path(short_path / "ca.crt")
    client.cert_chain_pems[0].write_to_path(short_path / "client.crt")
    client.private_key_pem.write_to_path(short_path / "client.key")
    server.private_key_and_cert_chain_pem.write_to_path(short_path / "server.pem")
    (short_path / "client.key").chmod(0o600)
    for name, text in {"site.yaml": SITE, "hosts.yaml": PLAYBOOK, "undo.yaml": UNDO}.items():
        (short_path / name).write_text(text)
    pythons = {"two": OLD_PYTHON} if os.access(OLD_PYTHON, os.X_OK) else {}
    fleet = Fleet(short_path, NAMES, pythons=pythons)
    yield Yard(fleet, short_path)
    fleet.stop()


@pytest.fixture
def registry(yard: Yard) -> Iterator[Process]:
    """docker-registry, which talks only to clients with a certificate, and has one image."""
    folder = yard.folder
    certificate = str(folder / "server.pem")
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
        "http": {
            "addr": f"{HARBOUR_ADDRESS}:5000",
            "tls": {
                "certificate": certificate,
                "key": certificate,
                "clientcas": [str(folder / "ca.crt")],
            },
        },
    }
    (folder / "registry.yml").write_text(json.dumps(config))
    program = (machine.need("docker-registry"), "serve", folder / "registry.yml")
    process = Process(*yard.fleet.enter, *program, log=folder / "registry.log")
    images.multi_arch_layout(folder / "image", ("amd64",))
    trust = folder / "trust"
    trust.mkdir()
    for name, target in {"ca.crt": "ca.crt", "client.cert": "client.crt"}.items():
        (trust / name).write_bytes((folder / target).read_bytes())
    (trust / "client.key").write_bytes((folder / "client.key").read_bytes())
    copy = ("skopeo", "copy", "--all", f"--dest-cert-dir={trust}", f"oci:{folder / 'image'}")
    to = f"docker://{HARBOUR_ADDRESS}:5000/library/app:1"
    machine.eventually(
        process.output, lambda: yard.fleet.run(*copy, "--dest-tls-verify=false", to).ok or None
    )
    yield process
    process.stop()


def recap(done: Done) -> dict[str, str]:
    """What `ansible-playbook` says of each host in its last lines."""
    lines = (line.partition(":") for line in done.out.partition("PLAY RECAP")[2].splitlines())
    return {name.strip(): " ".join(counts.split()[:4]) for name, _, counts in lines if counts}


def troubles(done: Done) -> str:
    """What was said of hosts that failed."""
    return "\n".join(line for line in done.out.splitlines() if '"msg": "cannot' in line) + done.err


def same(text: str) -> dict[str, str]:
    return dict.fromkeys(NAMES, text)


ALL_CHANGED = same("ok=2 changed=1 unreachable=0 failed=0")
ALL_OK = same("ok=2 changed=0 unreachable=0 failed=0")


def test_a_playbook_brings_three_hosts_in_order_and_back(yard: Yard, registry: Process) -> None:
    machine.need("skopeo")
    untouched = yard.trees()
    assert "certificate" in yard.fleet.on("one", "skopeo", "inspect", IMAGE).err

    checked = yard.play("hosts.yaml", "--check", "--diff")
    assert recap(checked) == ALL_CHANGED, troubles(checked)
    assert yard.trees() == untouched

    told = yard.play("hosts.yaml", "--diff", "-vvvv")
    assert recap(told) == ALL_CHANGED, troubles(told)
    key = (yard.folder / "client.key").read_text().splitlines()[1]
    assert key not in told.out + told.err
    yard.fleet.on("one", "skopeo", "inspect", "--raw", IMAGE).check()
    yard.fleet.on("one", "skopeo", "inspect", "--raw", MIRRORED).check()
    blocked = yard.fleet.on("one", "skopeo", "inspect", "docker://blocked.site.test/app:1")
    assert "registry blocked.site.test is blocked" in blocked.err
    in_order = yard.trees()

    assert recap(yard.play("hosts.yaml")) == ALL_OK
    assert yard.trees() == in_order

    yard.play("undo.yaml").check()
    assert "certificate" in yard.fleet.on("one", "skopeo", "inspect", IMAGE).err


def test_a_broken_host_keeps_the_next_batch_from_starting(yard: Yard) -> None:
    yard.fleet.on("two", "mkdir", "/etc/docker/daemon.json").check()
    untouched = yard.fleet.tree("three")

    done = yard.wharf(
        "apply", yard.site, "-i", yard.fleet.inventory, "--serial=1", "--yes", "-o", "json"
    )

    assert done.code == 4
    assert "two: cannot plan for /etc/docker/daemon.json" in done.err
    states = {host["host"]: host["state"] for host in json.loads(done.out)["hosts"]}
    assert states == {"one": "changed", "two": "failed", "three": "not tried"}
    assert yard.fleet.tree("three") == untouched


def test_a_plan_shows_the_hosts_that_answer_and_names_the_one_that_does_not(yard: Yard) -> None:
    yard.fleet.write_inventory(three={"ansible_host": "10.87.0.99", "ansible_ssh_timeout": "1"})
    untouched = yard.trees()

    done = yard.wharf("plan", yard.site, "-i", yard.fleet.inventory)

    assert done.code == 4
    assert "one, two:\n" in done.out
    assert "create /etc/containers/registries.conf.d/50-wharfinger.conf" in done.out
    assert "\nthree   unreachable " in done.out
    assert yard.trees() == untouched


def test_without_pipelining_a_host_is_reached_all_the_same(yard: Yard) -> None:
    """Ansible puts the module into files then; they are gone at the end."""
    settings = yard.folder / "ansible.cfg"
    settings.write_text(settings.read_text().replace("pipelining = true", "pipelining = false"))

    done = yard.wharf(
        "apply", yard.site, "-i", yard.fleet.inventory, "-l", "one", "--become", "--yes"
    )

    assert "one    changed" in done.check()
    left = yard.fleet.on("one", "find", "/root/.ansible/tmp", "/tmp", "-type", "f")
    assert left.out == ""
