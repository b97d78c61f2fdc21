"""What a host trusts, as a person reads it, as a program does, and as a node exporter collects it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized
from wharfinger.hosts import certificates
from wharfinger.hosts.on_host.handshake import Seen
from wharfinger.hosts.on_host.results import Holds
from wharfinger.hosts.on_host.trust_backup import Backup
from wharfinger.hosts.trust_places import Standing

METRIC: Final = "wharfinger_ca_expiry_seconds"

Matrix = Mapping[str, Mapping[str, Seen]]
"""For each registry what came of each runtime's handshake."""

LIST_COLUMNS: Final = (
    Column("RUNTIME", lambda row: row["runtime"]),
    Column("REGISTRY", lambda row: row["registry"] or "(all)"),
    Column("SUBJECT", lambda row: row["subject"] or "-"),
    Column("DAYS", lambda row: "-" if row["daysLeft"] is None else str(row["daysLeft"])),
    Column("OWNER", lambda row: row["owner"]),
    Column("FINGERPRINT", lambda row: row["fingerprint"][:16] or "-"),
    Column("FILE", lambda row: row["path"], wide=True),
    Column("TROUBLE", lambda row: row["trouble"] or "-"),
)
CONTENT_COLUMNS: Final = (
    Column("KIND", lambda row: row["kind"]),
    Column("MODE", lambda row: f"{row['mode']:04o}"),
    Column("OWNER", lambda row: f"{row['uid']}:{row['gid']}"),
    Column("PATH", lambda row: row["path"]),
    Column("CONTENT", lambda row: (row["digest"] or row["target"] or "-")[:19]),
)

if TYPE_CHECKING:
    from wharfinger.cli.client import Object


def list_row(one: Standing, now: datetime) -> Object:
    held = one.certificate
    return {
        "runtime": one.runtime,
        "registry": one.registry,
        "role": one.role,
        "owner": "ours" if one.ours else "others",
        "path": one.path,
        "subject": "" if held is None else held.subject,
        "issuer": "" if held is None else held.issuer,
        "fingerprint": "" if held is None else held.fingerprint,
        "notAfter": None if held is None else held.ends.isoformat(),
        "daysLeft": None if held is None else certificates.days_left(held, now),
        "trouble": one.trouble,
    }


def metrics(host: str, standing: Iterable[Standing]) -> str:
    """The end of each certificate in the text format of Prometheus, as seconds since the epoch."""
    lines = [
        f"# HELP {METRIC} When a trusted certificate ends, in seconds since 1970.",
        f"# TYPE {METRIC} gauge",
    ]
    for one in standing:
        if one.certificate is None:
            continue
        labels = {
            "host": host,
            "runtime": one.runtime,
            "registry": one.registry,
            "role": one.role,
            "owner": "ours" if one.ours else "others",
            "subject": one.certificate.subject,
            "fingerprint": one.certificate.fingerprint,
            "path": one.path,
        }
        shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        lines.append(f"{METRIC}{{{shown}}} {one.certificate.ends.timestamp():.0f}")
    return "\n".join([*lines, ""])


def _escaped(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return escaped.encode("utf-8", "replace").decode()


# The matrix


def matrix_columns(runtimes: Iterable[str]) -> tuple[Column, ...]:
    return (
        Column("REGISTRY", lambda row: row["registry"]),
        *(_runtime_column(runtime) for runtime in runtimes),
        Column("DAYS", lambda row: "-" if row["daysLeft"] is None else str(row["daysLeft"])),
        Column("ISSUER", lambda row: row["issuer"] or "-"),
    )


def _runtime_column(runtime: str) -> Column:
    return Column(runtime.upper(), lambda row: row["runtimes"][runtime]["trusted"])


def matrix_rows(matrix: Matrix, now: datetime) -> list[Object]:
    return [_matrix_row(registry, seen, now) for registry, seen in matrix.items()]


def _matrix_row(registry: str, seen: Mapping[str, Seen], now: datetime) -> Object:
    shown = next((one for one in seen.values() if one.ends is not None), None)
    left = None if shown is None or shown.ends is None else shown.ends - now.timestamp()
    return {
        "registry": registry,
        "issuer": "" if shown is None else shown.issuer,
        "daysLeft": None if left is None else int(left // 86400),
        "runtimes": {
            runtime: {"trusted": one.holds.value, "why": one.why} for runtime, one in seen.items()
        },
    }


def reasons(matrix: Matrix) -> list[str]:
    """Why not, runtimes with one reason together."""
    lines = []
    for registry, seen in matrix.items():
        by_reason: dict[tuple[str, str], list[str]] = {}
        for runtime, one in seen.items():
            if one.holds is not Holds.YES or one.why:
                by_reason.setdefault((one.holds.value, one.why), []).append(runtime)
        lines += [
            sanitized(f"{registry}, {', '.join(runtimes)}: {holds}, {why}")
            for (holds, why), runtimes in by_reason.items()
        ]
    return lines


# Backups


def backup_document(backup: Backup) -> Object:
    return {
        "host": backup.host,
        "family": backup.family,
        "time": backup.time,
        "leftOut": dict(backup.left_out),
        "items": [
            {
                "path": entry.path,
                "kind": entry.kind,
                "mode": entry.mode,
                "uid": entry.uid,
                "gid": entry.gid,
                "digest": entry.digest,
                "target": entry.target,
            }
            for _, entry in sorted(backup.entries.items())
        ],
    }
