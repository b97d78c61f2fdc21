"""
Twenty hosts: trust and registries by `wharf hosts apply -i`, and by a playbook of stock modules.

Both start from equal fleets with an sshd each (namespaces of this machine), connect with the same
settings (pipelining, a kept connection, as many forks as hosts) and all at once. The first run finds
hosts as they were installed, the second finds them in order. Afterwards both fleets must hold the
same files, or there is no figure. Ours keeps a journal and looks for proofs beside; the playbook has
nothing of the kind.

The playbook is written as one would by hand: trees of certificates and `hosts.toml` copied as trees,
templates for single files, and a handler for the system's store. What it puts on a host is taken
from one of ours, so it need not work anything out.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import trustme

from bench import report
from bench.report import OURS, Measure
from e2e import machine
from e2e.fleet_hosts import Fleet

STOCK: Final = "stock modules"
FIRST: Final = Measure("20 hosts, 24 files each, first run", "s", "lower")
SECOND: Final = Measure("20 hosts, second run, no change", "s", "lower")
HOSTS: Final = tuple(f"host-{number}" for number in range(20))
BIN: Final = machine.ROOT / ".venv" / "bin"
MOST_ROUNDS: Final = 2
COPIED: Final = (
    "etc/docker",
    "etc/containers",
    "etc/containerd",
    "usr/local/share/ca-certificates",
)
"""What the playbook has from a host of ours, and what is compared in the end."""
LINKS: Final = "etc/ssl/certs"

SITE: Final = """\
registries:
  search: [registry.site.test, docker.io]
  insecure: ["lab.site.test:5000"]
  mirrors:
    docker.io: [mirror.site.test]
trust:
  registries:
    registry.site.test: {ca: ca.crt}
    "registry.site.test:5000": {ca: ca.crt}
    mirror.site.test: {ca: ca.crt, client: {cert: client.crt, key: client.key}}
  system: [ca.crt]
"""
PLAYBOOK: Final = """\
- name: Trust and registries
  hosts: all
  gather_facts: false
  tasks:
    - name: Certificates and hosts.toml
      ansible.builtin.copy:
        src: "{{ item }}/"
        dest: "/{{ item }}/"
        mode: preserve
        directory_mode: "0755"
      loop: [etc/docker/certs.d, etc/containers/certs.d, etc/containerd/certs.d]
    - name: Folder for registries.conf
      ansible.builtin.file:
        path: /etc/containers/registries.conf.d
        state: directory
        mode: "0755"
    - name: Registries
      ansible.builtin.template:
        src: "{{ item }}"
        dest: "/{{ item }}"
        mode: "0644"
      loop:
        - etc/docker/daemon.json
        - etc/containers/registries.conf.d/50-wharfinger.conf
        - etc/containerd/config.toml
    - name: The system's own authorities
      ansible.builtin.copy:
        src: usr/local/share/ca-certificates/
        dest: /usr/local/share/ca-certificates/
        mode: "0644"
      notify: Update the system's store
  handlers:
    - name: Update the system's store
      ansible.builtin.command: update-ca-certificates
      changed_when: true
"""


class NotTheSame(Exception):
    """The two fleets hold different files, so there is nothing to compare."""


def measure(folder: Path, rounds: int) -> str:
    """The table. No warm-up, since each round begins with hosts that nobody has seen yet; and two
    rounds at most, since the playbook takes minutes."""
    samples = {one: {OURS: list[float](), STOCK: list[float]()} for one in (FIRST, SECOND)}
    material = folder / "fleet"
    _prepare(material)
    site, playbook = material / "site.yaml", material / "playbook.yaml"
    commands = {
        OURS: (BIN / "wharf", "hosts", "apply", site, "--yes", "--serial=100%"),
        STOCK: (BIN / "ansible-playbook", playbook),
    }
    for number in range(1, min(rounds, MOST_ROUNDS) + 1):
        order = (OURS, STOCK) if number % 2 else (STOCK, OURS)
        left = {name: _run(name, commands[name], number, samples) for name in order}
        if left[OURS] != left[STOCK]:
            raise NotTheSame(str({*left[OURS].items()} ^ {*left[STOCK].items()})[:2000])
    return report.table(samples, theirs=STOCK)


def _run(
    name: str,
    command: Sequence[str | Path],
    number: int,
    samples: Mapping[Measure, Mapping[str, list[float]]],
) -> dict[str, str]:
    """Run on a fresh fleet twice; return what the hosts then have."""
    with _fleet(HOSTS) as fleet:
        for one in (FIRST, SECOND):
            start = time.perf_counter()
            fleet.run(*command, f"--inventory={fleet.inventory}", seconds=1800).check()
            taken = time.perf_counter() - start
            report.tell(number, name, one, taken)
            samples[one][name].append(taken)
        return {host: _compared(fleet.tree(host)) for host in HOSTS}


@contextmanager
def _fleet(names: tuple[str, ...]) -> Iterator[Fleet]:
    with tempfile.TemporaryDirectory(prefix="wharf-", ignore_cleanup_errors=True) as folder:
        fleet = Fleet(Path(folder), names)
        try:
            yield fleet
        finally:
            fleet.stop()


def _prepare(folder: Path) -> None:
    """The site file and its certificates, and for the playbook what a host of ours has then."""
    folder.mkdir()
    authority = trustme.CA()
    client = authority.issue_cert("client@site.test")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    client.cert_chain_pems[0].write_to_path(folder / "client.crt")
    client.private_key_pem.write_to_path(folder / "client.key")
    (folder / "client.key").chmod(0o600)
    (folder / "site.yaml").write_text(SITE)
    (folder / "playbook.yaml").write_text(PLAYBOOK)
    with _fleet(("model",)) as fleet:
        command = (BIN / "wharf", "hosts", "apply", folder / "site.yaml", "--yes")
        fleet.run(*command, f"--inventory={fleet.inventory}").check()
        for path in COPIED:
            shutil.copytree(fleet.folder / "model" / "upper" / path, folder / path)


def _compared(tree: Mapping[str, Any]) -> str:
    """The files and links among what both have to put on a host, with their modes and owners."""
    return repr(
        {
            path: found
            for path, found in tree.items()
            if path.startswith((*COPIED, LINKS)) and not path.startswith(f"{LINKS}/java")
        }
    )
