"""
Hosts of a fleet on one machine: each has a network, a process tree and a name of its own, its own
/etc, /usr/local and more over those of this machine, and an sshd. They hang on one bridge, together
with the place that Ansible runs from.

All of it lives in one process tree with mounts of its own, so it is gone when that tree is ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from e2e import machine
from e2e.machine import Done, Process

PROGRAMS: Final = ("ip", "nsenter", "ssh", "ssh-keygen", "sshd", "unshare")
OVERLAID: Final = ("/etc", "/opt", "/root", "/usr/local", "/var/lib")

PYTHON: Final = "/usr/bin/python3"
HARBOUR_ADDRESS: Final = "10.87.0.1"
REGISTRY: Final = "registry.site.test"
"""The name by which the hosts know the place that Ansible runs from."""

SSHD: Final = """\
HostKey /run/sshd/host
AuthorizedKeysFile /run/sshd/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
"""
HARBOUR: Final = """
set -euo pipefail
cd "$1"
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add wharves type bridge
ip addr add 10.87.0.1/24 dev wharves
ip link set wharves up
while read -r name address; do
    ip netns add "$name"
    ip link add "$name" type veth peer name eth0 netns "$name"
    ip link set "$name" master wharves up
    ip -n "$name" addr add "$address/24" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" link set lo up
    nsenter "--net=/run/netns/$name" unshare --mount --uts --pid --fork --kill-child \\
        --mount-proc bash host "$PWD" "$name" &
done <names
wait
"""
HOST: Final = f"""
set -euo pipefail
here=$1 name=$2
hostname "$name"
for path in {" ".join(OVERLAID)}; do
    mkdir -p "$here/$name/upper$path" "$here/$name/work$path"
    mount -t overlay overlay -o \\
        "lowerdir=$path,upperdir=$here/$name/upper$path,workdir=$here/$name/work$path" "$path"
done
cat "$here/hosts" >>/etc/hosts
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/sshd
cp "$here/host_key" /run/sshd/host
cp "$here/sshd_config" /run/sshd/config
cp "$here/key.pub" /run/sshd/authorized
mount -t tmpfs -o mode=1777 tmpfs /tmp
cd /
exec /usr/sbin/sshd -D -e -f /run/sshd/config
"""


@dataclass(frozen=True, slots=True)
class Host:
    name: str
    address: str
    python: str


class Fleet:
    """Hosts that answer to ssh, and what is needed to talk to them from where they can be reached.

    `folder` has a short path: ssh keeps sockets in it. `pythons` are what hosts have instead of
    Debian's.
    """

    def __init__(
        self, folder: Path, names: tuple[str, ...], *, pythons: Mapping[str, str] | None = None
    ) -> None:
        machine.need_root()
        for program in PROGRAMS:
            machine.need(program)
        self.folder = folder
        self.hosts = {
            name: Host(name, f"10.87.0.{number}", (pythons or {}).get(name, PYTHON))
            for number, name in enumerate(names, 2)
        }
        self._write()
        self._harbour = Process(
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", folder / "harbour", folder),
            log=folder / "harbour.log",
        )
        machine.eventually(self._harbour.output, self._all_answer)

    def _write(self) -> None:
        for key in ("key", "host_key"):
            machine.run(
                "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key
            ).check()
        public = (self.folder / "host_key.pub").read_text()
        lines = {
            "harbour": HARBOUR,
            "host": HOST,
            "sshd_config": SSHD,
            "names": "".join(f"{host.name} {host.address}\n" for host in self.hosts.values()),
            "hosts": f"{HARBOUR_ADDRESS} {REGISTRY}\n",
            "known_hosts": "".join(f"{host.address} {public}" for host in self.hosts.values()),
            "ansible.cfg": _settings(self.folder),
        }
        for name, text in lines.items():
            (self.folder / name).write_text(text)
        self.write_inventory()

    def write_inventory(self, **changed: Mapping[str, str]) -> None:
        """Write the inventory as Ansible reads it; `changed` are variables of single hosts."""
        hosts = {
            host.name: {
                "ansible_host": host.address,
                "ansible_python_interpreter": host.python,
                **changed.get(host.name, {}),
            }
            for host in self.hosts.values()
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": hosts}}, indent=2))

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.yaml"

    def _all_answer(self) -> bool | None:
        if not self._harbour.alive:
            raise AssertionError(self._harbour.output())
        listening = self._harbour.output().count("Server listening on 0.0.0.0")
        return True if listening == len(self.hosts) else None

    def run(
        self,
        *command: str | Path,
        given: str | None = None,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        seconds: float = 120,
    ) -> Done:
        """Run a command from where the hosts can be reached."""
        return machine.run(
            *self.enter,
            *command,
            given=given,
            environ={"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), **(environ or {})},
            cwd=cwd or self.folder,
            seconds=seconds,
        )

    @property
    def enter(self) -> tuple[str, ...]:
        """What to put before a command that is to run there."""
        children = Path(f"/proc/{self._harbour.pid}/task/{self._harbour.pid}/children")
        (child,) = children.read_text().split()
        return ("nsenter", f"--target={child}", "--net", "--mount", "--pid", "--")

    def on(self, name: str, *command: str) -> Done:
        """Run a command on a host, as its administrator would."""
        return self.run(
            *("ssh", "-i", self.folder / "key"),
            *("-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}"),
            *("-o", "BatchMode=yes", f"root@{self.hosts[name].address}"),
            *command,
        )

    def tree(self, name: str) -> dict[str, Any]:
        """All that a host has otherwise than this machine: path to kind, mode, owner and bytes."""
        top = self.folder / name / "upper"
        return {
            str(path.relative_to(top)): _seen(path)
            for path in sorted(top.rglob("*"))
            if not str(path.relative_to(top)).startswith("root/")
        }

    def stop(self) -> None:
        self._harbour.stop()


def _settings(folder: Path) -> str:
    """What an administrator's ansible.cfg says of connections: the same for everybody who measures."""
    options = f"-o UserKnownHostsFile={folder / 'known_hosts'} -o ControlPersist=60s"
    return f"""\
[defaults]
home = {folder / "ansible"}
remote_user = root
private_key_file = {folder / "key"}
host_key_checking = true
forks = 20
[connection]
pipelining = true
[ssh_connection]
control_path_dir = {folder / "cp"}
ssh_args = -o ControlMaster=auto {options}
"""


def _seen(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
    target = path.readlink() if path.is_symlink() else None
    return status.st_mode, status.st_uid, status.st_gid, status.st_rdev, content, target
