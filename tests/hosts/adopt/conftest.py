"""Facts of hosts, made of texts."""

import pytest
import trustme

from wharfinger.hosts.adopt import host
from wharfinger.hosts.adopt.adopted import Adopted
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts


def facts(
    files: dict[str, str | bytes], *, links: dict[str, str] | None = None, arguments=()
) -> Facts:
    """A host with these files; `links` point elsewhere. Keys give no content, as in real facts."""
    found: dict[str, FoundFile] = {}
    for path, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        found[path] = FoundFile("file", content=None if path.endswith(".key") else content)
    for path, target in (links or {}).items():
        found[path] = FoundFile("symlink", target=target)
    runtimes = {"docker": RuntimeFacts("20.10", pid=1, arguments=arguments)} if arguments else {}
    return Facts("node", "other", "test", runtimes=runtimes, files=found)


@pytest.fixture
def adopt():
    """Adopt the site of a host with these files; gives the document and the notes as text."""

    def adopted(files, **more) -> tuple[Adopted, list[str]]:
        made = host.adopt(facts(files, **more))
        return made, list(map(str, made.notes))

    return adopted


@pytest.fixture(scope="session")
def ca() -> bytes:
    return trustme.CA().cert_pem.bytes()


@pytest.fixture(scope="session")
def other_ca() -> bytes:
    return trustme.CA().cert_pem.bytes()
