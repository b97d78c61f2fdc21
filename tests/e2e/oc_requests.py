"""
Ask a server what `oc` asks it, as `oc_requests.yaml` has it.

There is no `oc` to be had from where the other clients come. So its requests stand there as data,
and what is answered is held against what the command reads.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlencode

from ruamel.yaml import YAML

from e2e import machine

Row = Mapping[str, Any]

_TABLE = YAML(typ="safe").load(Path(__file__).with_suffix(".yaml").read_text())
GIVEN: tuple[Row, ...] = tuple(_TABLE["given"])
COMMANDS: Mapping[str, tuple[Row, ...]] = {
    row["oc"]: tuple(row["requests"]) for row in _TABLE["commands"]
}

_METHODS = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")
_WORDS = {
    *(*_METHODS, "as", "headers", "body", "form", "from", "append", "drop", "status"),
    *("told", "reads", "has", "says", "ends", "lacks", "keep", "event", "until"),
}
_STRATEGIC = "application/strategic-merge-patch+json"
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Replay:
    """The requests of one command, and what it keeps from one to the next."""

    connect: Callable[[], HTTPSConnection]
    project: str
    credentials: Mapping[str, str]
    kept: dict[str, Any] = field(default_factory=dict)
    _connection: HTTPSConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def play(self, row: Row) -> None:
        """Make one request and hold the answer against all that is said of it."""
        row = self._filled(row)
        assert set(row) <= _WORDS, set(row) - _WORDS
        if "until" in row:
            machine.eventually(str(row), lambda: self._reached(row))
            return
        answer = self._ask(row)
        wanted = row.get("status", 200)
        assert answer.status in (wanted if isinstance(wanted, list) else [wanted]), (row, answer)
        for name, pattern in row.get("told", {}).items():
            match = re.match(pattern, answer.headers.get(name, ""))
            assert match is not None, (name, answer.headers)
            self.kept |= match.groupdict()
        for path, value in row.get("reads", {}).items():
            assert at(answer.body, path) == value, (path, answer.body)
        for path in row.get("has", ()):
            assert at(answer.body, path) not in (None, "", [], {}), (path, answer.body)
        assert row.get("says", "") in (answer.body or {}).get("message", "")
        for name, item in row.get("ends", {}).items():
            assert answer.body[name][-1] == item
        for name, gone in row.get("lacks", {}).items():
            assert gone not in [item["name"] for item in answer.body.get(name, ())]
        for name, path in row.get("keep", {}).items():
            self.kept[name] = at(answer.body, path)

    def _filled(self, row: Row) -> dict[str, Any]:
        names = {name: value for name, value in self.kept.items() if isinstance(value, str)}
        text = json.dumps(row).replace("@", self.project)
        filled = Template(text).safe_substitute(names)
        assert "${" not in filled, filled
        return dict(json.loads(filled))

    def _reached(self, row: Row) -> bool | None:
        answer, wanted = self._ask(row), row["until"]
        reached = at(answer.body, wanted) if isinstance(wanted, str) else answer.status == wanted
        return True if reached else None

    def _ask(self, row: Row) -> Answer:
        (method,) = set(row) & set(_METHODS)
        headers = {"accept": "application/json, */*", **row.get("headers", {})}
        if authorization := self._authorization(row.get("as", "ada")):
            headers["authorization"] = authorization
        body = None
        if "form" in row:
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode(row["form"])
        elif "body" in row or "from" in row:
            headers["content-type"] = _STRATEGIC if method == "PATCH" else "application/json"
            body = json.dumps(row["body"] if "body" in row else self._changed(row))
        if "event" in row:
            with closing(self.connect()) as watch:  # whose answer has no end
                watch.request(method, row[method], body, headers)
                return _event(watch.getresponse(), row["event"])
        if self._connection is None:
            self._connection = self.connect()
        self._connection.request(method, row[method], body, headers)
        return _answer(self._connection.getresponse())

    def _authorization(self, who: str) -> str | None:
        if who == "token" and "token" in self.kept:  # of the login that was just replayed
            return f"Bearer {self.kept['token']}"
        return self.credentials[who] or None

    def _changed(self, row: Row) -> Any:
        changed = copy.deepcopy(self.kept[row["from"]])
        for name, item in row.get("append", {}).items():
            changed[name] = [*changed.get(name, ()), item]
        for name, gone in row.get("drop", {}).items():
            changed[name] = [item for item in changed[name] if item["name"] != gone]
        return changed


def _event(response: HTTPResponse, wanted: str) -> Answer:
    while (event := json.loads(response.readline()))["type"] != wanted:
        assert event["type"] == "BOOKMARK", event
    return Answer(response.status, {}, event)


def _answer(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    content = response.read()
    shown = headers.get("content-type", "").startswith("application/json") and content
    return Answer(response.status, headers, json.loads(content) if shown else None)


def at(found: Any, path: str) -> Any:
    """The value at `a.b[0].c[name with dots]`, None if there is none; "" is all of it."""
    for bracketed, plain in _STEP.findall(path):
        step = bracketed or plain
        if isinstance(found, list):
            found = found[int(step)] if int(step) < len(found) else None
        else:
            found = (found or {}).get(step)
    return found


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
