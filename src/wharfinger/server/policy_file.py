"""
The image policy in force, read from a file that may change while we serve.

A file that cannot be used at the start is an error. One that becomes so later leaves the policy of
before in force, and is told in the log, in a metric and to whoever asks whether we are ready.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from wharfinger.errors import BadInput, WharfingerError
from wharfinger.hosts.site import document as documents
from wharfinger.images import policy_text
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.server.metrics import Metrics

LOOK_SECONDS: Final = 2.0

logger = logging.getLogger(__name__)


class PolicyUnreadable(BadInput):
    code = "policy-unreadable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot read the image policy in {path}: {error.strerror}")


def read(path: Path) -> Policy:
    """Raise `PolicyUnreadable`, or what is wrong with the text of it."""
    return policy_text.parse(str(path), _content(path)).policy


class PolicyFile:
    """`policy` is what to decide by now; `generation` counts those that there have been."""

    def __init__(self, path: Path, metrics: Metrics) -> None:
        """Raise as `read` does."""
        self._path, self._metrics = path, metrics
        self._content = _content(path)
        self.policy = policy_text.parse(str(path), self._content).policy
        self.generation = 1
        self.fault: str | None = None
        self._tell()

    def look(self) -> None:
        """Take the file as it is now, if it can be used."""
        try:
            content = _content(self._path)
            if content != self._content:
                self.policy = policy_text.parse(str(self._path), content).policy
                self._content = content
                self.generation += 1
                logger.info("a new image policy is in force, generation %d", self.generation)
        except WharfingerError as error:
            if error.message != self.fault:
                details = "; ".join((error.message, *error.details))
                logger.error("the image policy stays as it was: %s", details)
            self.fault = error.message
        else:
            self.fault = None
        self._tell()

    async def again(self) -> None:
        """As `look`, for a task."""
        self.look()

    def _tell(self) -> None:
        self._metrics.policy_generation.set(self.generation)
        self._metrics.policy_faulty.set(self.fault is not None)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(documents.MAX_BYTES + 1)
    except OSError as error:
        raise PolicyUnreadable(path, error) from error
