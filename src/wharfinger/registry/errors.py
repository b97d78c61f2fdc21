"""What the registry refuses, each error with the facts that a client may be told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wharfinger.errors import BadInput, Conflict, NotFound, StorageFull, TooLarge, Unavailable
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName


class RepositoryUnknown(NotFound):
    code = "repository-unknown"

    def __init__(self, name: RepositoryName) -> None:
        super().__init__(f"cannot find the repository {str(name)!r}")
        self.name = name


class BlobUnknown(NotFound):
    code = "blob-unknown"

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"cannot find the blob {digest} in this repository")
        self.digest = digest


class ManifestUnknown(NotFound):
    code = "manifest-unknown"

    def __init__(self, name: RepositoryName, reference: object) -> None:
        super().__init__(f"cannot find the manifest {reference} in {str(name)!r}")
        self.name, self.reference = name, reference


class UploadUnknown(NotFound):
    code = "upload-unknown"

    def __init__(self) -> None:
        super().__init__(
            "cannot find this upload in this repository", remedy="begin the upload again"
        )


class UploadBusy(Conflict):
    code = "upload-busy"

    def __init__(self) -> None:
        super().__init__("cannot write to this upload: another request is writing to it")


class OffsetMismatch(Conflict):
    """A chunk that does not begin where the upload ends; `received` is where it ends."""

    code = "offset-mismatch"

    def __init__(self, offset: int, received: int) -> None:
        super().__init__(f"cannot continue the upload at byte {offset}: it has {received} bytes")
        self.received = received


class InvalidContentRange(BadInput):
    code = "invalid-content-range"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot read the Content-Range {text[:100]!r}", remedy="write it as <first>-<last>"
        )


class SizeMismatch(BadInput):
    code = "size-mismatch"

    def __init__(self, stated: int, received: int) -> None:
        super().__init__(f"cannot accept the content: {stated} bytes announced, {received} came")
        self.stated, self.received = stated, received


class DigestMismatch(BadInput):
    """The content is not what its digest says; nothing of it is kept."""

    code = "digest-mismatch"

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"cannot accept the content: it does not have the digest {digest}")
        self.digest = digest


class UploadInterrupted(BadInput):
    """The client went away in the middle of a body."""

    code = "upload-interrupted"

    def __init__(self) -> None:
        super().__init__("cannot read the rest of the request: the client is gone")


class ManifestIncomplete(BadInput):
    """A manifest that names content which its repository does not have."""

    code = "manifest-incomplete"

    def __init__(self, missing: Sequence[Digest]) -> None:
        names = ", ".join(map(str, missing[:3])) + (", …" if len(missing) > 3 else "")
        super().__init__(
            f"cannot accept the manifest: the repository has no {names}",
            remedy="push (or mount) what the manifest names before the manifest",
        )
        self.missing = tuple(missing)


class TooManyManifests(TooLarge):
    code = "too-many-manifests"

    def __init__(self, digest: Digest, limit: int) -> None:
        super().__init__(f"cannot link {digest}: it has more than {limit} manifests")
        self.digest, self.limit = digest, limit


class NoRoom(StorageFull):
    code = "no-room"

    def __init__(self) -> None:
        super().__init__(
            "cannot store the content: no room is left on the registry's disk",
            remedy="ask the administrator to make room, then push again",
        )


class UnsafeFile(Unavailable):
    """Something stands in our directory that we did not put there."""

    code = "unsafe-file"

    def __init__(self, path: Path) -> None:
        # The name alone: a client, too, may read this, and where we keep things is not its business.
        super().__init__(
            f"cannot use {path.name!r} in the registry's storage: something else is in its place",
            remedy="find out who put a link or a special file there, and remove it",
        )
        self.path = path


class UnknownSchema(Unavailable):
    code = "unknown-schema"

    def __init__(self, path: Path, version: int) -> None:
        super().__init__(
            f"cannot read {path.name!r}: a later release wrote it (schema {version})",
            remedy="start that release, or restore a backup made by this one",
        )
