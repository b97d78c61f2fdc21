"""What can be wrong with a name, a digest, a document or a manifest."""

from __future__ import annotations

from wharfinger.errors import BadInput, TooLarge, Unsupported


class InvalidDigest(BadInput):
    code = "invalid-digest"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot read {text[:100]!r} as a digest",
            remedy="write it as sha256:<64 lowercase hex digits> or sha512:<128>",
        )
        self.text = text


class InvalidName(BadInput):
    code = "invalid-name"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot read {text[:300]!r} as a repository name",
            remedy="write it as <project>/<name>, in lowercase letters, digits and . _ - between them",
        )
        self.text = text


class InvalidTag(BadInput):
    code = "invalid-tag"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot read {text[:200]!r} as a tag",
            remedy="a tag is at most 128 letters, digits, . _ - and begins with none of . -",
        )
        self.text = text


class InvalidJson(BadInput):
    """Not JSON, or JSON that two readers could understand differently."""

    code = "invalid-json"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot read the JSON document: {reason}")
        self.reason = reason


class InvalidManifest(BadInput):
    code = "invalid-manifest"

    def __init__(self, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot accept the manifest: {reason}", remedy=remedy)
        self.reason = reason


class ManifestTooLarge(TooLarge):
    code = "manifest-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"cannot accept a manifest of more than {limit} bytes")
        self.limit = limit


class UnsupportedManifest(Unsupported):
    """A media type that is no manifest we know, or one that we refuse on purpose."""

    code = "unsupported-manifest"

    def __init__(self, media_type: str, *, remedy: str) -> None:
        super().__init__(f"cannot accept a manifest of type {media_type[:200]!r}", remedy=remedy)
        self.media_type = media_type
