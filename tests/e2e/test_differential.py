"""
The real Skopeo and Podman decide on an image as our model of their files says, and as the site's
lists mean.

Site files and the files that others left on a host are drawn from a seed, which a failure names:
WHARF_SEED asks for the same again. They are compiled, written, and both tools are asked for images
that are near the lists: other ports, subdomains, look-alikes, capitals, digests, short names.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

import runs
from e2e import asked_tools, every_registry, machine
from e2e.apart import Apart
from wharfinger.hosts.containers import pull
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.plan import digest, plan
from wharfinger.hosts.runtimes import access_file, containers
from wharfinger.hosts.site.model import Mirror, Registries, ShortNames, Site
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.patterns import RegistryPattern

pytestmark = pytest.mark.e2e

POLICIES = 34
IMAGES = 10

HOSTS = (
    *("quay.io", "docker.io", "registry-1.docker.io", "site.test", "a.site.test", "b.a.site.test"),
    *("quay.io.evil.test", "evilquay.io", "localhost", "127.0.0.1", "a.site.test.site.test"),
)
PORTS = (443, 80, 5000, 8443)
PATHS = ("team", "team/app", "teams", "library", "library/busybox")
NAMES = ("team/app", "team/app/deep", "teams/app", "team", "busybox", "library/busybox", "app")
MIRROR = "mirror.test:5000"

DEFAULT = '{"default": [{"type": "insecureAcceptAnything"}]}'
REGISTRIES = "/etc/containers/registries.conf"
POLICY = "/etc/containers/policy.json"
SHIPPED = "/etc/containers/registries.conf.d/shortnames.conf"
LATER = "/etc/containers/registries.conf.d/20-others.conf"
OTHERS: tuple[Mapping[str, str], ...] = (
    {},
    {
        REGISTRIES: "[registries.search]\nregistries = ['quay.io']\n"
        "[registries.block]\nregistries = ['a.site.test', 'evilquay.io']\n"
    },
    {
        REGISTRIES: 'unqualified-search-registries = ["docker.io", "quay.io"]\n'
        '[[registry]]\nlocation = "site.test:5000"\nblocked = true\n',
        LATER: '[[registry]]\nprefix = "*.site.test"\nblocked = true\n'
        '[[registry]]\nprefix = "team.test/library"\nlocation = "quay.io/team"\n'
        '[aliases]\n"app" = "a.site.test/team/app"\n',
    },
    {
        POLICY: '{"default": [{"type": "reject"}],\n "transports": {"docker": {\n'
        '  "quay.io": [{"type": "insecureAcceptAnything"}],\n'
        '  "*.site.test": [{"type": "insecureAcceptAnything"}],\n'
        '  "quay.io/team/app:latest": [{"type": "reject"}]}}}\n'
    },
)


@dataclass(frozen=True)
class Case:
    """`files` are those after an apply, and `alone` says that others had left nothing in them."""

    site: Site
    files: Mapping[str, str | None]
    images: tuple[str, ...]
    alone: bool

    def __str__(self) -> str:
        files = "\n".join(f"{path}:\n{text}" for path, text in self.files.items())
        return f"{self.site}\n{files}"

    @property
    def facts(self) -> Facts:
        return _facts({path: text for path, text in self.files.items() if text is not None})


def _facts(files: Mapping[str, str]) -> Facts:
    found = {
        path: FoundFile("file", content=text.encode(), digest=digest(text.encode()))
        for path, text in files.items()
    }
    tools = {"podman": RuntimeFacts("4.3.1"), "skopeo": RuntimeFacts("1.9.3")}
    return Facts("host", "debian", "Debian 12", runtimes=tools, files=found)


def _pattern(draw: random.Random) -> RegistryPattern:
    if draw.random() < 0.2:
        return RegistryPattern.parse(
            draw.choice(("*.site.test", "*.a.site.test", "*.io", "*.evil.test", "*.docker.io"))
        )
    port = f":{draw.choice(PORTS)}" if draw.random() < 0.3 else ""
    path = f"/{draw.choice(PATHS)}" if draw.random() < 0.4 else ""
    return RegistryPattern.parse(f"{draw.choice(HOSTS)}{port}{path}")


def _patterns(draw: random.Random, chance: float) -> tuple[RegistryPattern, ...] | None:
    if draw.random() >= chance:
        return None
    return tuple(dict.fromkeys(_pattern(draw) for _ in range(draw.randrange(5))))


def _site(draw: random.Random) -> Site:
    mirrors = {_pattern(draw): (Mirror(RegistryPattern.parse(f"{MIRROR}/hub")),)}
    search = tuple(map(RegistryHost.parse, draw.sample(("quay.io", "docker.io", "site.test"), 2)))
    return Site(
        Registries(
            search=search if draw.random() < 0.5 else None,
            allow=_patterns(draw, 0.6),
            block=_patterns(draw, 0.6),
            block_all=draw.random() < 0.2,
            mirrors=mirrors if draw.random() < 0.3 else None,
            short_names=ShortNames.PERMISSIVE if draw.random() < 0.3 else None,
        )
    )


def _image(draw: random.Random, site: Site) -> str:
    near = [*(site.registries.allow or ()), *(site.registries.block or ())]
    if draw.random() < 0.1:
        return draw.choice(("app", "busybox", "team/app", "app:v1"))
    host = draw.choice(HOSTS)
    port = f":{draw.choice(PORTS)}" if draw.random() < 0.3 else ""
    name = draw.choice(NAMES)
    if near and draw.random() < 0.6:
        pattern = draw.choice(near)
        host = f"b.{pattern.registry.host}" if pattern.wildcard else pattern.registry.host
        port = (
            f":{pattern.registry.port}" if pattern.registry.port and draw.random() < 0.7 else port
        )
        name = f"{pattern.path}/x" if pattern.path and draw.random() < 0.7 else name
    if "." in host and draw.random() < 0.08:
        host = host.upper()
    end = draw.choice(("", "", ":v1", f"@{every_registry.digest()}"))
    return f"{host}{port}/{name}{end}"


def _case(draw: random.Random) -> Case:
    site = _site(draw)
    left = draw.choice((OTHERS[0], *OTHERS))
    others = {POLICY: DEFAULT, **left}
    planned = plan(site, _facts(others), compilers=(containers,))
    ours = {
        change.wanted.path: None
        if change.wanted.content is None
        else change.wanted.content.decode()
        for change in planned.changes
    }
    absent = dict.fromkeys((REGISTRIES, LATER, SHIPPED, containers.DROP_IN, access_file.PATH))
    images: dict[str, None] = {}
    while len(images) < IMAGES:
        images.setdefault(_image(draw, site))
    return Case(site, {**absent, **others, **ours}, tuple(images), not left)


def _model(case: Case, tool: str, image: str) -> bool:
    files = pull.read(case.facts)
    name = ImageReference.parse(image)
    if tool == "skopeo":
        return pull.attempt(files, pull.written_out(name)).allowed
    names = pull.names(files, name)
    return not names.asks and any(pull.attempt(files, one).allowed for one in names.images)


def _lists(case: Case, tool: str, image: str) -> bool | None:
    """What the site's lists mean, `None` where the page says that the tools do otherwise."""
    registries = case.site.registries
    name = ImageReference.parse(image)
    if registries.access is None or not case.alone or not name.registry:
        return None
    if name.registry != name.registry.lower():
        return None
    verdict = registries.access.decide(pull.written_out(name))
    return None if verdict.allowed and _at_other_port(registries, name) else verdict.allowed


def _at_other_port(registries: Registries, image: ImageReference) -> bool:
    """A statement of a host without a port is one of all its ports to the tools."""
    asked = RegistryHost.parse(image.registry)
    statements = (*(registries.block or ()), *(registries.mirrors or ()))
    return asked.port not in (None, 443, 80) and any(
        not (one.registry.port or one.path) and one.registry.host == asked.host
        for one in statements
    )


@pytest.fixture
def apart(short_path: Path) -> Iterator[Apart]:
    for tool in ("podman", "skopeo"):
        machine.need(tool)
    hosts = [*HOSTS, *(f"b.{host}" for host in HOSTS), "mirror.test"]
    hosts += ["b.evil.test", "b.io", "b.docker.io", "b.b.a.site.test", "team.test"]
    authority = trustme.CA()
    leaf = authority.issue_cert(*{host for host in hosts if host != "b.127.0.0.1"})
    leaf.private_key_and_cert_chain_pem.write_to_path(short_path / "leaf.pem")
    authority.cert_pem.write_to_path(short_path / "ca.pem")
    space = Apart(short_path / "apart", [host for host in hosts if not host[-1].isdigit()])
    try:
        log = short_path / "asked"
        space.start(
            *(sys.executable, every_registry.__file__, log),
            *(f"{port},{short_path / 'leaf.pem'}" for port in PORTS),
            name="registry",
        )
        machine.eventually("a registry", lambda: every_registry.is_ready(log))
        yield space
    finally:
        space.stop()


def test_the_tools_decide_as_the_model_and_the_lists_say(apart: Apart, short_path: Path) -> None:
    seed = runs.seed()
    draw = random.Random(seed)
    cases = [_case(draw) for _ in range(POLICIES)]

    questions = [{"files": case.files, "images": case.images} for case in cases]
    done = apart.run(
        *(sys.executable, asked_tools.__file__, short_path),
        given=json.dumps(questions),
        environ={"SSL_CERT_FILE": str(short_path / "ca.pem")},
    )
    answers = json.loads(done.check())

    differences, verdicts = [], Counter[str]()
    for case, answer in zip(cases, answers, strict=True):
        for tool, said in answer.items():
            verdicts.update(said.values())
            for image, found in said.items():
                expected = {_model(case, tool, image), _lists(case, tool, image)} - {None}
                if expected != {found == "allowed"} or found not in ("allowed", "refused"):
                    differences.append(f"{tool} {image}: {found}, and not {expected}\n{case}")
    shown = "\n\n".join(differences[:5])
    assert not differences, f"WHARF_SEED={seed}: {len(differences)} differ\n{shown}"
    assert sum(len(case.images) for case in cases) >= 300
    assert min(verdicts["allowed"], verdicts["refused"]) > 100
