"""
Trust end to end (C1 to C4): a registry with a private authority is refused before and trusted after,
by curl, Docker, Podman, Skopeo and containerd; what is backed up comes back byte for byte; and what
`wharf trust check` says is what the real tools do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import made_certificates as made
from e2e import images, machine
from e2e.lone_host import LoneHost
from e2e.machine import Done, Process
from made_certificates import DAY, Made
from wharfinger.hosts.on_host.runtime_trust import RUNTIMES

pytestmark = pytest.mark.e2e

NAME = "registry.test"
ADDRESS = "10.77.0.1"
"""Not on loopback: there Docker takes any certificate."""
REGISTRIES = (NAME, f"{NAME}:5000", f"{ADDRESS}:5000")
PLACES = (
    "/etc/docker/certs.d",
    "/etc/containers/certs.d",
    "/etc/containerd/certs.d",
    "/usr/local/share/ca-certificates",
)
SNAPSHOT = "find {} -printf '%p %y %m %U:%G %l\\n' -type f -exec sha256sum {{}} + | sort"


class Host:
    """A host with Docker, Podman, Skopeo and containerd, and how each of them asks a registry."""

    def __init__(self, folder: Path) -> None:
        for program in ("containerd", "ctr", "curl", "docker", "dockerd", "podman", "skopeo"):
            machine.need(program)
        self.folder = folder
        self.site = folder / "site.yaml"
        self.host = LoneHost(folder)
        self.sh(f"ip address add {ADDRESS}/32 dev lo; echo '{ADDRESS} {NAME}' >>/etc/hosts")
        self.host.write(
            "/etc/containerd/config.toml",
            f'version = 2\nroot = "{folder}/containerd"\n'
            f'[plugins."io.containerd.internal.v1.opt"]\n  path = "{folder}/opt"\n',
        )
        self.host.start("containerd", name="containerd")
        self.host.eventually("containerd", lambda: self.run("ctr", "version").ok or None)
        self.host.start(
            "dockerd",
            f"--data-root={folder / 'data'}",
            f"--exec-root={folder / 'exec'}",
            *("--pidfile=/run/docker.pid", "--bridge=none", "--iptables=false"),
            name="dockerd",
        )
        self.host.eventually("dockerd", lambda: self.run("docker", "version").ok or None)

    def run(self, *words: str | Path) -> Done:
        return self.host.run(*words)

    def trust(self, *words: str | Path) -> Done:
        return self.run("wharf", "trust", *words)

    def sh(self, script: str) -> str:
        return self.run("bash", "-euc", script).check()

    # How the tools ask

    def curl(self, registry: str) -> Done:
        return self.run("curl", "-sS", "--max-time", "20", f"https://{registry}/v2/")

    def docker(self, registry: str) -> Done:
        return self.run("docker", "pull", f"{registry}/app:1")

    def podman(self, registry: str) -> Done:
        storage = ("--root", self.folder / "podman", "--runroot", self.folder / "podman-run")
        return self.run("podman", *storage, "pull", "--quiet", f"{registry}/app:1")

    def skopeo(self, registry: str) -> Done:
        return self.run("skopeo", "inspect", "--raw", f"docker://{registry}/app:1")

    def containerd(self, registry: str) -> Done:
        image = f"{registry}/app:1"
        self.run("ctr", "images", "rm", "--sync", image)
        return self.run("ctr", "images", "pull", "--hosts-dir", "/etc/containerd/certs.d", image)

    def stop(self) -> None:
        self.host.stop()


ALL = (Host.curl, Host.docker, Host.podman, Host.skopeo, Host.containerd)


@pytest.fixture
def host(short_path: Path) -> Iterator[Host]:
    made_here = Host(short_path)
    yield made_here
    made_here.stop()


TURNED_AWAY = ("x509", "tls:", "ssl", "certificate", "connection reset", "curl: (")
"""Who shows no client certificate may find the connection closed before they read why."""


def believed(done: Done) -> bool:
    """Did the tool get past TLS? Whatever the registry answered then."""
    words = (done.out + done.err).lower()
    return done.ok or not any(word in words for word in TURNED_AWAY)


# C1 to C4


class Registry:
    """docker-registry with one image and TLS, at the usual port and at 5000."""

    def __init__(self, host: Host, certificate: Made) -> None:
        machine.need("docker-registry")
        self._host, self._processes = host, list[Process]()
        images.multi_arch_layout(host.folder / "image", ("amd64",))
        self.show(certificate)
        host.host.eventually("an image in the registry", lambda: self._seed().ok or None)

    def show(self, certificate: Made) -> None:
        """Serve with this certificate from now on."""
        for process in self._processes:
            process.stop()
        folder = self._host.folder
        (folder / "server.crt").write_bytes(certificate.pem)
        (folder / "server.key").write_bytes(certificate.key_pem)
        self._processes = [self._start(port) for port in (443, 5000)]
        for port in (443, 5000):
            url = f"https://127.0.0.1:{port}/v2/"
            self._host.host.eventually(url, lambda url=url: self._answers(url) or None)

    def _answers(self, url: str) -> bool:
        return self._host.run("curl", "-k", "-s", "-f", url).ok

    def _start(self, port: int) -> Process:
        folder = self._host.folder
        settings = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
            "http": {
                "addr": f":{port}",
                "tls": {"certificate": f"{folder}/server.crt", "key": f"{folder}/server.key"},
            },
        }
        (folder / f"registry-{port}.yml").write_text(json.dumps(settings))
        command = ("docker-registry", "serve", folder / f"registry-{port}.yml")
        return self._host.host.start(
            "env", "OTEL_TRACES_EXPORTER=none", *command, name=f"registry-{port}"
        )

    def _seed(self) -> Done:
        return self._host.run(
            *("skopeo", "copy", "--all", "--dest-tls-verify=false"),
            f"oci:{self._host.folder / 'image'}",
            "docker://127.0.0.1:5000/app:1",
        )


def results(host: Host) -> dict[tuple[str, str], bool]:
    return {
        (ask.__name__, registry): ask(host, registry).ok for ask in ALL for registry in REGISTRIES
    }


def snapshot(host: Host) -> str:
    """All that stands in the trust places: kinds, modes, owners, links and digests."""
    return host.sh(
        "; ".join(f"if test -e {place}; then {SNAPSHOT.format(place)}; fi" for place in PLACES)
    )


def server(issuer: Made) -> Made:
    return made.server(issuer, NAME, ADDRESS)


def test_a_private_authority_is_trusted_backed_up_restored_and_replaced(host: Host) -> None:
    old, new = made.authority("Old CA"), made.authority("New CA")
    for name, one in (("old.pem", old), ("new.pem", new)):
        (host.folder / name).write_bytes(one.pem)
    registry = Registry(host, server(old))
    site = ("--site", host.site)
    assert not any(results(host).values())

    # C1, C2: one statement, all tools
    for where in REGISTRIES:
        host.trust("add", where, "--ca", host.folder / "old.pem", *site).check()
    host.trust("add", "--system", "--ca", host.folder / "old.pem", *site).check()
    host.run("wharf", "hosts", "apply", host.site, "--yes").check()
    assert all(results(host).values())
    every = (word for runtime in RUNTIMES for word in ("--runtime", runtime))
    host.trust("check", *REGISTRIES, *every).check()

    # C3, C4: what others put there counts too
    host.sh(
        "mkdir -m 750 /etc/docker/certs.d/other.test; cd /etc/docker/certs.d/other.test; "
        f"cp {host.folder}/server.crt me.cert; cp {host.folder}/server.key me.key; "
        "chmod 600 me.key; chown 12:34 me.cert; ln -s /nowhere.crt ca.crt"
    )
    before = snapshot(host)
    file = host.trust("backup", host.folder).check().strip()
    host.sh(
        "rm -rf /etc/docker/certs.d /etc/containers/certs.d /etc/containerd/certs.d "
        "/usr/local/share/ca-certificates/*; update-ca-certificates >/dev/null 2>&1"
    )
    wiped = results(host)
    assert not any(ok for (tool, _), ok in wiped.items() if tool != "docker")
    assert "remove" not in host.trust("restore", file, "--dry-run").check()
    host.trust("restore", file).check()
    assert snapshot(host) == before
    assert all(results(host).values())
    assert host.trust("restore", file, "--dry-run").check() == "already as in the backup\n"

    # Rotation: both, then the server switches, then the new one alone
    retire = ("retire", f"{NAME}:5000", "--fingerprint", old.read.fingerprint, *site)
    for where in REGISTRIES:
        host.trust("add", where, "--ca", host.folder / "new.pem", *site).check()
    host.run("wharf", "hosts", "apply", host.site, "--yes").check()
    runtimes = [ask for ask in ALL if ask is not Host.curl]
    assert all(ask(host, f"{NAME}:5000").ok for ask in runtimes)
    host.sh("rm /usr/local/share/ca-certificates/*; update-ca-certificates >/dev/null 2>&1")
    assert host.trust(*retire).code == 3
    registry.show(server(new))
    assert all(ask(host, f"{NAME}:5000").ok for ask in runtimes)
    host.trust(*retire).check()
    host.trust("remove", "--system", "--fingerprint", old.read.fingerprint, *site).check()
    host.run("wharf", "hosts", "apply", host.site, "--yes").check()
    assert all(ask(host, f"{NAME}:5000").ok for ask in runtimes)
    assert "old" not in host.trust("list", f"{NAME}:5000").check().lower()


# The matrix


@dataclass(frozen=True)
class Case:
    """What a registry shows, and whom hosts are told to trust for it."""

    shown: tuple[Made, ...]
    trusted: Made
    clients: Made | None = None


def cases() -> Mapping[str, Case]:
    root, other = made.authority("Root"), made.authority("Other")
    below = made.authority("Below", issuer=root)
    late = made.authority("Late", begins=-9 * DAY, ends=-DAY)
    weak = made.authority("Weak", key=made.rsa_key(1024))
    clients = made.authority(
        "For clients", x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    )
    strange = made.authority(
        "Strange", x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    )
    narrow = made.authority("Narrow", x509.NameConstraints([x509.DNSName("site.test")], None))
    short = made.make(
        "Short", x509.BasicConstraints(ca=True, path_length=0), made.usage(key_cert_sign=True)
    )
    too_deep = made.authority("Too deep", issuer=short)
    mute = made.make(
        "Mute", x509.BasicConstraints(ca=True, path_length=None), made.usage(crl_sign=True)
    )
    no_authority = made.make("None", x509.BasicConstraints(ca=False, path_length=None))
    pinned, alone = made.server(root, NAME), made.server(None, NAME)

    def issued(issuer: Made, *above: Made, **how: object) -> Case:
        return Case((made.server(issuer, NAME, **how), *above), issuer)

    return {
        "sound": issued(root),
        "unknown": Case((made.server(root, NAME),), other),
        "expired": issued(root, begins=-9 * DAY, ends=-DAY),
        "early": issued(root, begins=DAY),
        "other name": Case((made.server(root, "quay.test", "10.0.0.1"),), root),
        "common name": Case((made.make(NAME, issuer=root),), root),
        "own authority": Case((alone,), alone),
        "pinned": Case((pinned,), pinned),
        "intermediate": issued(below, below),
        "root above": Case((made.server(below, NAME), below), root),
        "chain kept back": Case((made.server(below, NAME),), root),
        "expired authority": issued(late),
        "weak": issued(weak, key=made.rsa_key(1024)),
        "for clients": issued(clients),
        "strange": issued(strange),
        "narrow": issued(narrow),
        "too deep": Case((made.server(too_deep, NAME), too_deep), short),
        "mute": issued(mute),
        "no authority": issued(no_authority),
        "namesake": Case((made.server(root, NAME),), made.authority("Root")),
        "asks": Case((made.server(root, NAME),), root, clients=root),
    }


FIRST_PORT = 6000


def test_check_says_what_the_real_tools_do(host: Host) -> None:
    registries = {f"{NAME}:{FIRST_PORT + n}": kind for n, kind in enumerate(cases())}
    _serve(host, dict(zip(registries, cases().values(), strict=True)))

    said = _said(host, registries, ("docker", "containers", "containerd"))
    done = _done(
        host,
        registries,
        {"docker": Host.docker, "containers": Host.skopeo, "containerd": Host.containerd},
    )
    assert _named(said, registries) == _named(done, registries)

    host.sh("rm -rf /etc/docker/certs.d /etc/containers/certs.d /etc/containerd/certs.d")
    host.sh("update-ca-certificates >/dev/null 2>&1")
    said = _said(host, registries, ("system", "containers", "containerd"))
    done = _done(
        host,
        registries,
        {"system": Host.curl, "containers": Host.skopeo, "containerd": Host.containerd},
    )
    assert _named(said, registries) == _named(done, registries)


def _serve(host: Host, wanted: Mapping[str, Case]) -> None:
    """Start the registries, and put whom to trust where each runtime looks and among the anchors."""
    ports = []
    for registry, case in wanted.items():
        port = registry.rpartition(":")[2]
        ports.append(port)
        own = case.shown[0]
        chain = b"".join(one.pem for one in case.shown)
        (host.folder / f"{port}.pem").write_bytes(own.key_pem + chain)
        if case.clients is not None:
            (host.folder / f"{port}.clients.pem").write_bytes(case.clients.pem)
        pem = case.trusted.pem.decode()
        for place in PLACES[:3]:
            host.host.write(f"{place}/{registry}/ca.crt", pem)
        host.host.write(f"{PLACES[3]}/{port}.crt", pem)
    script = machine.ROOT / "tests" / "tls_server.py"
    server = host.host.start(
        "env",
        f"PYTHONPATH={script.parent}",
        sys.executable,
        script,
        host.folder,
        *ports,
        name="registries",
    )
    last = f"https://127.0.0.1:{ports[-2]}/v2/"
    host.host.eventually(server.output, lambda: host.run("curl", "-k", "-s", last).ok or None)


def _said(
    host: Host, registries: Iterable[str], runtimes: Iterable[str]
) -> dict[tuple[str, str], bool]:
    asked = [word for runtime in runtimes for word in ("--runtime", runtime)]
    rows = json.loads(host.trust("check", *registries, *asked, "-o", "json").out)["items"]
    return {
        (runtime, row["registry"]): {"yes": True, "no": False}[found["trusted"]]
        for row in rows
        for runtime, found in row["runtimes"].items()
    }


def _done(
    host: Host, registries: Iterable[str], tools: Mapping[str, Callable[[Host, str], Done]]
) -> dict[tuple[str, str], bool]:
    return {
        (runtime, registry): believed(ask(host, registry))
        for registry in registries
        for runtime, ask in tools.items()
    }


def _named(
    found: Mapping[tuple[str, str], bool], registries: Mapping[str, str]
) -> dict[tuple[str, str], bool]:
    return {
        (runtime, registries[registry]): trusted for (runtime, registry), trusted in found.items()
    }
