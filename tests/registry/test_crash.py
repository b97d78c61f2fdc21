"""
Kill a push at each of its steps, and look at what the next start finds.

A child process pushes an image and says what was acknowledged. An audit hook kills it at the
n-th operation on a file, for every n until a push gets through. What was acknowledged must be
whole afterwards, and nothing that is visible may be other than what its digest says.
"""

import signal
import subprocess
import sys
from pathlib import Path

from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import ManifestUnknown, RepositoryUnknown
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.disk import DiskBlobStore
from wharfinger.registry.stores.sqlite import SqliteMetadataStore

NAME = RepositoryName.parse("team/app")
MOST_STEPS = 200

CHILD = """
import asyncio, json, os, signal, sys
from pathlib import Path
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.disk import DiskBlobStore
from wharfinger.registry.stores.sqlite import SqliteMetadataStore

root, last = Path(sys.argv[1]), int(sys.argv[2])
steps = 0

def count(event, arguments):
    global steps
    if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "sqlite3.connect"):
        if arguments and str(root) in str(arguments[0]):
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)

def acknowledge(what):
    print(what, flush=True)

async def chunks(*parts):
    for part in parts:
        yield part

async def push():
    blobs = DiskBlobStore(root / "registry")
    registry = Registry(
        blobs=blobs, metadata=SqliteMetadataStore(root / "registry/metadata.sqlite")
    )
    name = RepositoryName.parse("team/app")
    config, layer = b"{}", bytes(range(256)) * 10_000
    await registry.put_blob(name, Digest.of(config), config)
    acknowledge(Digest.of(config))
    upload = await registry.uploads.begin(name)
    await registry.uploads.append(name, upload, chunks(layer[:1_500_000]))
    await registry.uploads.append(name, upload, chunks(layer[1_500_000:]))
    await registry.uploads.finish(name, upload, Digest.of(layer))
    acknowledge(Digest.of(layer))
    document = {
        "schemaVersion": 2,
        "config": {"mediaType": "x/y", "digest": str(Digest.of(config)), "size": len(config)},
        "layers": [{"mediaType": "x/z", "digest": str(Digest.of(layer)), "size": len(layer)}],
    }
    raw = json.dumps(document).encode()
    await registry.put_manifest(name, Tag("latest"), raw, media_types.OCI_IMAGE)
    acknowledge("tag")
    await registry.close()

sys.addaudithook(count)
asyncio.run(push())
"""


def push_until_killed(root: Path, step: int) -> tuple[int, list[str]]:
    child = subprocess.run(
        (sys.executable, "-c", CHILD, str(root), str(step)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode in (0, -signal.SIGKILL), child.stderr
    return child.returncode, child.stdout.split()


async def read(registry, blob):
    return b"".join([part async for part in registry.read_blob(blob, 0, blob.size)])


async def check(root: Path, acknowledged: list[str]) -> None:
    blobs = DiskBlobStore(root / "registry")
    registry = Registry(
        blobs=blobs, metadata=SqliteMetadataStore(root / "registry/metadata.sqlite")
    )
    for path in (root / "registry/blobs").glob("*/*/*"):
        assert Digest.of(path.read_bytes()).hex == path.name
    for text in acknowledged:
        if text != "tag":
            digest = Digest.parse(text)
            assert digest.matches(await read(registry, await registry.blob(NAME, digest)))
    try:
        stored = await registry.manifest(NAME, Tag("latest"))
    except (ManifestUnknown, RepositoryUnknown):
        assert "tag" not in acknowledged
    else:
        assert stored.digest.matches(stored.raw)
    await registry.close()


async def test_a_push_killed_at_any_step_loses_nothing_acknowledged_and_shows_nothing_partial(
    tmp_path,
):
    killed = 0
    for step in range(1, MOST_STEPS):
        root = tmp_path / str(step)
        root.mkdir()
        code, acknowledged = push_until_killed(root, step)
        await check(root, acknowledged)
        if code == 0:
            assert acknowledged[-1] == "tag"
            break
        killed += 1
    assert killed >= 20
