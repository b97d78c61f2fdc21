"""Whatever bytes come back, the client answers or says what is wrong; nothing else escapes from it."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from hostile_registry import Reply, serving
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import RemoteError
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.remote.repository import Target
from wharfinger.remote.retry import NEVER

BLOB = Digest.of(b"tide")
WHOLE = [
    b"200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
    b"Docker-Content-Digest: " + str(BLOB).encode() + b"\r\nContent-Length: 4\r\n\r\ntide",
    b'401 No\r\nWWW-Authenticate: Bearer realm="/token",service=x,scope="a:b:c"\r\n\r\n',
    b'200 OK\r\nLink: <?last=1>; rel="next"\r\nContent-Length: 15\r\n\r\n{"tags": ["1"]}',
    b"307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    b"206 Part\r\nContent-Range: bytes 0-3/4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntide\r\n0\r\n\r\n",
    b"429 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    b"202 Accepted\r\nLocation: /upload/1?x=y\r\nContent-Length: 0\r\n\r\n",
    b'200 OK\r\nContent-Length: 35\r\n\r\n{"schemaVersion":2,"manifests":[7]}',
]
PIECES = [b"\r\n", b"\0", b"\xff", b": ", b"9" * 30, b"-1", b'"', b"<", b"\\", b"//", b"@", b"%2e"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    whole = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(whole)))
        gone = draw(st.integers(0, 5))
        whole = whole[:at] + draw(st.sampled_from([b"", *PIECES])) + whole[at + gone :]
    return b"HTTP/1.1 " + whole


async def content():
    yield b"tide"


async def blob(target: Target) -> None:
    async for _ in target.blob(BLOB, 4):
        pass


QUESTIONS = [
    lambda target: target.manifest(Tag("1")),
    lambda target: target.digest(Tag("1")),
    lambda target: target.tags(),
    lambda target: target.referrers(BLOB),
    blob,
    lambda target: target.has_blob(BLOB),
    lambda target: target.mount(BLOB, target.name),
    lambda target: target.put_blob(BLOB, 4, content()),
    lambda target: target.delete(BLOB),
]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(QUESTIONS), st.lists(damaged(), min_size=1, max_size=4))
async def test_damaged_answers_are_told(question, answers):
    async with serving() as script, Registries(reach=Reach.everywhere(), retry=NEVER) as opened:
        script.otherwise = lambda _: Reply(raw=answers[len(script.seen) % len(answers)])
        name = ImageReference.parse(f"{script.host}/team/tide")
        logins = [Credential("ann", "a"), Credential(identity_token="t")]
        with suppress(RemoteError):
            await question(opened.target(name, insecure=True, logins=logins, seconds=5))
