"""From the shared options to a connection: which context, which project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wharfinger.cli import kubeconfig
from wharfinger.cli.client import Client
from wharfinger.cli.kubeconfig import Context
from wharfinger.cli.options import Connection, Scope


@dataclass(frozen=True, slots=True)
class Session:
    context: Context
    client: Client
    namespace: str


@contextmanager
def connect(connection: Connection, scope: Scope | None = None) -> Iterator[Session]:
    context = context_of(connection)
    namespace = (scope.namespace if scope is not None else None) or context.namespace
    with Client(context, timeout=connection.request_timeout) as client:
        yield Session(context, client, namespace)


def context_of(connection: Connection) -> Context:
    return kubeconfig.current(files_of(connection), connection.context)


def files_of(connection: Connection) -> list[kubeconfig.File]:
    return kubeconfig.load(kubeconfig.paths(connection.kubeconfig, os.environ))
