"""
Metadata in SQLite: write-ahead log, full sync, one writer with group commit.

Reads run on the event loop's thread, over a connection of their own that sees every commit: a
point read out of the page cache takes some ten microseconds, less than handing it to a thread.
What is hot (tags, small manifests, blob links) is answered from memory. A committed write makes
that memory forget on the same thread before it is acknowledged, and a read neither waits nor is
interrupted between looking and remembering: so memory never shows what is gone.
"""

# ruff: noqa: S608 (statements are put together from words of this module; values are bound)

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Manifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import NoRoom, UnknownSchema, UnsafeFile
from wharfinger.registry.metadata import StoredManifest, require_complete
from wharfinger.registry.stores.recent import Recent
from wharfinger.sqlite.group_commit import GroupCommit, is_full

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE repositories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL
);
CREATE INDEX repositories_of_project ON repositories (project);
CREATE TABLE blobs (
    repository INTEGER NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE TABLE manifests (
    repository INTEGER NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    subject TEXT,
    artifact_type TEXT,
    raw BLOB NOT NULL,
    UNIQUE (repository, digest)
);
CREATE INDEX manifests_of_subject ON manifests (repository, subject, digest)
    WHERE subject IS NOT NULL;
CREATE TABLE tags (
    repository INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (repository, name)
) WITHOUT ROWID;
CREATE INDEX tags_of_digest ON tags (repository, digest);
"""

_ID: Final = "(SELECT id FROM repositories WHERE name = ?)"
_TABLES: Final = ("blobs", "manifests", "tags")

_MANIFEST_MEMORY: Final = 64 * 1024 * 1024
_LINK_MEMORY: Final = 65_536


class SqliteMetadataStore:
    """`path` is created, readable by its owner only; its directory must exist."""

    def __init__(self, path: Path) -> None:
        _require_plain(path)
        _prepare(path)
        self._reader = _connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._writer = GroupCommit(_connect(path), name="metadata-writer", translate=_translate)
        self._manifests: Recent[tuple[RepositoryName, Digest], StoredManifest] = Recent(
            _MANIFEST_MEMORY, lambda manifest: len(manifest.raw) + 512
        )
        self._tags: Recent[tuple[RepositoryName, Tag], Digest] = Recent(_LINK_MEMORY, lambda _: 1)
        self._links: Recent[tuple[RepositoryName, Digest], int] = Recent(_LINK_MEMORY, lambda _: 1)

    async def exists(self, name: RepositoryName) -> bool:
        return self._row("SELECT 1 FROM repositories WHERE name = ?", str(name)) is not None

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        rows = self._reader.execute(
            "SELECT name FROM repositories WHERE name > ? ORDER BY name LIMIT ?", (after, limit)
        )
        return [RepositoryName.parse(name) for (name,) in rows]

    async def tagged(
        self, after: str, limit: int
    ) -> list[tuple[RepositoryName, Mapping[Tag, Digest]]]:
        rows = self._reader.execute(
            "SELECT repositories.name, tags.name, digest FROM (SELECT id, name FROM repositories"
            " WHERE name > ? ORDER BY name LIMIT ?) AS repositories"
            " LEFT JOIN tags ON tags.repository = repositories.id ORDER BY repositories.name",
            (after, limit),
        )
        found: dict[str, dict[Tag, Digest]] = {}
        for name, tag, digest in rows:
            tags = found.setdefault(name, {})
            if tag is not None:
                tags[Tag(tag)] = Digest.parse(digest)
        return [(RepositoryName.parse(name), tags) for name, tags in found.items()]

    async def blob_size(self, name: RepositoryName, digest: Digest) -> int | None:
        size = self._links.get((name, digest))
        if size is None:
            size = _blob_size(self._reader, name, digest)
            if size is not None:
                self._links.remember((name, digest), size)
        return size

    async def manifest(self, name: RepositoryName, digest: Digest) -> StoredManifest | None:
        manifest = self._manifests.get((name, digest))
        if manifest is not None:
            return manifest
        row = self._row(
            f"SELECT media_type, raw FROM manifests WHERE repository = {_ID} AND digest = ?",
            str(name), str(digest),
        )  # fmt: skip
        if row is None:
            return None
        manifest = StoredManifest(digest, *row)
        self._manifests.remember((name, digest), manifest)
        return manifest

    async def tag(self, name: RepositoryName, tag: Tag) -> Digest | None:
        digest = self._tags.get((name, tag))
        if digest is not None:
            return digest
        row = self._row(
            f"SELECT digest FROM tags WHERE repository = {_ID} AND name = ?", str(name), tag.text
        )
        if row is None:
            return None
        digest = Digest.parse(row[0])
        self._tags.remember((name, tag), digest)
        return digest

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[Tag]:
        rows = self._reader.execute(
            f"SELECT name FROM tags WHERE repository = {_ID} AND name > ? ORDER BY name LIMIT ?",
            (str(name), after, limit),
        )
        return [Tag(text) for (text,) in rows]

    async def all_tags(self, name: RepositoryName) -> Mapping[Tag, Digest]:
        rows = self._reader.execute(
            f"SELECT name, digest FROM tags WHERE repository = {_ID}", (str(name),)
        )
        return {Tag(text): Digest.parse(digest) for text, digest in rows}

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        *,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[StoredManifest]:
        rows = self._reader.execute(
            f"SELECT digest, media_type, raw FROM manifests WHERE repository = {_ID}"
            " AND subject = ? AND digest > ? AND (? IS NULL OR artifact_type = ?)"
            " ORDER BY digest LIMIT ?",
            (str(name), str(subject), after, artifact_type, artifact_type, limit),
        )
        return [StoredManifest(Digest.parse(digest), *rest) for digest, *rest in rows]

    async def link_blob(self, name: RepositoryName, digest: Digest, size: int) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO blobs VALUES (?, ?, ?)"
                " ON CONFLICT (repository, digest) DO UPDATE SET size = excluded.size",
                (_made(connection, name), str(digest), size),
            )

        await self._writer.write(write, lambda _: self._links.forget((name, digest)))

    async def put_manifest(
        self, name: RepositoryName, digest: Digest, manifest: Manifest, tag: Tag | None
    ) -> None:
        def write(connection: sqlite3.Connection) -> None:
            require_complete(
                manifest,
                lambda blob: _blob_size(connection, name, blob),
                lambda child: _has_manifest(connection, name, child),
            )
            repository = _made(connection, name)
            _insert_manifest(connection, repository, digest, manifest)
            if tag is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)",
                    (repository, tag.text, str(digest)),
                )

        def forget(_: None) -> None:
            self._manifests.forget((name, digest))
            if tag is not None:
                self._tags.forget((name, tag))

        await self._writer.write(write, forget)

    async def unlink_blob(self, name: RepositoryName, digest: Digest) -> bool:
        return await self._writer.write(
            lambda connection: _delete(connection, "blobs", "digest", name, str(digest)) > 0,
            lambda _: self._links.forget((name, digest)),
        )

    async def delete_manifest(self, name: RepositoryName, digest: Digest) -> bool:
        def write(connection: sqlite3.Connection) -> tuple[bool, Sequence[str]]:
            tags = connection.execute(
                f"DELETE FROM tags WHERE repository = {_ID} AND digest = ? RETURNING name",
                (str(name), str(digest)),
            ).fetchall()
            deleted = _delete(connection, "manifests", "digest", name, str(digest)) > 0
            return deleted, [tag for (tag,) in tags]

        def forget(result: tuple[bool, Sequence[str]]) -> None:
            self._manifests.forget((name, digest))
            for tag in result[1]:
                self._tags.forget((name, Tag(tag)))

        deleted, _ = await self._writer.write(write, forget)
        return deleted

    async def delete_tag(self, name: RepositoryName, tag: Tag) -> bool:
        return await self._writer.write(
            lambda connection: _delete(connection, "tags", "name", name, tag.text) > 0,
            lambda _: self._tags.forget((name, tag)),
        )

    async def delete_repository(self, name: RepositoryName) -> bool:
        return await self._delete_repositories("name = ?", str(name)) > 0

    async def delete_project(self, project: str) -> None:
        await self._delete_repositories("project = ?", project)

    async def close(self) -> None:
        await self._writer.close()
        self._reader.close()

    async def _delete_repositories(self, condition: str, value: str) -> int:
        def write(connection: sqlite3.Connection) -> int:
            for table in _TABLES:
                connection.execute(
                    f"DELETE FROM {table} WHERE repository IN"
                    f" (SELECT id FROM repositories WHERE {condition})",
                    (value,),
                )
            statement = f"DELETE FROM repositories WHERE {condition}"
            return connection.execute(statement, (value,)).rowcount

        def forget(_: int) -> None:
            for memory in (self._manifests, self._tags, self._links):
                memory.clear()

        return await self._writer.write(write, forget)

    def _row(self, statement: str, *values: str) -> tuple[str, bytes] | None:
        row: tuple[str, bytes] | None = self._reader.execute(statement, values).fetchone()
        return row


def _require_plain(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        path.touch(mode=0o600, exist_ok=False)
        return
    if not stat.S_ISREG(mode):
        raise UnsafeFile(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA cache_size = -16384")
    return connection


def _prepare(path: Path) -> None:
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        elif version != _VERSION:
            raise UnknownSchema(path, version)
    finally:
        connection.close()


def _made(connection: sqlite3.Connection, name: RepositoryName) -> int:
    """The id of the repository, which comes into being if it is not there."""
    statement = "SELECT id FROM repositories WHERE name = ?"
    row = connection.execute(statement, (str(name),)).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO repositories (name, project) VALUES (?, ?) RETURNING id",
            (str(name), name.project),
        ).fetchone()
    return int(row[0])


def _blob_size(connection: sqlite3.Connection, name: RepositoryName, digest: Digest) -> int | None:
    row = connection.execute(
        f"SELECT size FROM blobs WHERE repository = {_ID} AND digest = ?", (str(name), str(digest))
    ).fetchone()
    return None if row is None else int(row[0])


def _has_manifest(connection: sqlite3.Connection, name: RepositoryName, digest: Digest) -> bool:
    statement = f"SELECT 1 FROM manifests WHERE repository = {_ID} AND digest = ?"
    return connection.execute(statement, (str(name), str(digest))).fetchone() is not None


def _insert_manifest(
    connection: sqlite3.Connection, repository: int, digest: Digest, manifest: Manifest
) -> None:
    subject = None if manifest.subject is None else str(manifest.subject)
    connection.execute(
        "INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, ?, ?)",
        (
            repository,
            str(digest),
            manifest.media_type,
            subject,
            manifest.artifact_type,
            manifest.raw,
        ),
    )


def _delete(
    connection: sqlite3.Connection, table: str, column: str, name: RepositoryName, value: str
) -> int:
    statement = f"DELETE FROM {table} WHERE repository = {_ID} AND {column} = ?"
    return connection.execute(statement, (str(name), value)).rowcount


def _translate(error: sqlite3.Error) -> Exception:
    return NoRoom() if is_full(error) else error
