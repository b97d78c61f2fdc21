"""
Who does which kind of step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage.work import Worker

WORKERS: Final[Mapping[type, Worker[Any]]] = {}
