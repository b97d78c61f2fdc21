"""
The published description is true, and one user never sees or touches what is another's.

Two users have a project each. As one of them everything is asked that the OpenAPI documents say may
be asked, and what they say may not, of both projects. No answer may be an error of the server, or
other than described; none may have the mark that all objects of the other user bear, and those
objects must be as they were. Bodies are drawn from models with some of their fields, since whole pods
take seconds to draw; the draw starts from a seed, which a failure names.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import bcrypt
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import runs
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

SEED: Final = runs.seed()
EXAMPLES: Final = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
"""Of each operation. The first is always the simplest that there is, so one alone would be no draw."""

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FIELDS: Final = 4  # of a model, beside those it must have
KEPT: Final = ("metadata", "spec", "data")
JSON: Final = "application/json"
APPLY: Final = "application/apply-patch+yaml"
OWN_RIGHTS: Final = "selfsubjectrulesreviews"  # whoever asks may ask that anywhere
MARK: Final = f"mark{secrets.token_hex(8)}"

Document = dict[str, Any]


@schemathesis.serializer(APPLY)
def as_yaml(_context: object, value: Any) -> bytes:
    """JSON is YAML."""
    return json.dumps(value).encode()


@dataclass(slots=True)
class User:
    """One who has a password and a project, and asks in its name."""

    wharf: Wharf
    name: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.auth = (self.name, f"{self.name}-has-one")
        self.session.trust_env = False  # whatever proxy or authority this machine is set to
        self.session.verify = str(self.wharf.authority)

    @property
    def project(self) -> str:
        return f"{self.name}-yard"

    def ask(self, method: str, path: str, body: Document | None = None) -> Document:
        answer = self.session.request(method, self.wharf.url + path, json=body, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.text}"
        found: Document = answer.json()
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wharf]:
    folder = tmp_path_factory.mktemp("fuzzed")
    passwords = folder / "htpasswd"
    passwords.write_text("".join(map(entry, ("ada", "bob"))))
    wharf = Wharf(folder / "state", flags=("--htpasswd", str(passwords), "--audit"))
    wharf.start()
    yield wharf
    wharf.stop()


def entry(name: str) -> str:
    hashed = bcrypt.hashpw(f"{name}-has-one".encode(), bcrypt.gensalt(4))
    return f"{name}:{hashed.decode()}\n"


OBJECTS: Final[Mapping[str, Document]] = {
    "api/v1/configmaps": {"data": {"key": MARK}},
    "api/v1/secrets": {"stringData": {"key": MARK}},
    "api/v1/serviceaccounts": {},
    "apis/rbac.authorization.k8s.io/v1/roles": {
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    },
    "apis/policy/v1/poddisruptionbudgets": {
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "none"}}}
    },
    "apis/coordination.k8s.io/v1/leases": {"spec": {"holderIdentity": MARK}},
}
"""What each user has, by where it is made."""


def made(user: User, name: str, mark: str) -> None:
    user.ask(
        "POST",
        "/apis/project.openshift.io/v1/projectrequests",
        {"metadata": {"name": user.project}},
    )
    for place, content in OBJECTS.items():
        metadata = {"name": name, "annotations": {"about": mark}}
        content = json.loads(json.dumps(content).replace(MARK, mark))
        user.ask("POST", within(place, user.project), {"metadata": metadata, **content})


def within(place: str, project: str, name: str = "") -> str:
    group, _, plural = place.rpartition("/")
    return f"/{group}/namespaces/{project}/{plural}/{name}".rstrip("/")


@pytest.fixture(scope="module")
def bob(server: Wharf) -> User:
    user = User(server, "bob")
    made(user, "treasure", MARK)
    return user


@pytest.fixture(scope="module")
def ada(server: Wharf, bob: User) -> User:
    user = User(server, "ada")
    made(user, "own", "nothing to hide")
    return user


def documents(user: User) -> Iterator[tuple[str, Document]]:
    for path, about in user.ask("GET", "/openapi/v3")["paths"].items():
        yield path, user.ask("GET", about["serverRelativeURL"])


def smaller(document: Document, draw: random.Random) -> Document:
    """The same operations, which send objects with some of the fields that they may have."""
    models: Document = document["components"]["schemas"]
    few = {f"few.{name}": with_few(model, draw) for name, model in models.items()}
    for item in document["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                operation["requestBody"] = renamed(operation["requestBody"])
    models.update(few)
    return document


def with_few(model: Document, draw: random.Random) -> Document:
    fields: Document = model.get("properties", {})
    must = [name for name in fields if name in model.get("required", ()) or name in KEPT]
    others = [name for name in fields if name not in must]
    chosen = {*must, *draw.sample(others, min(FIELDS, len(others)))}
    kept = (
        {"properties": {name: renamed(fields[name]) for name in sorted(chosen)}} if fields else {}
    )
    return {**renamed({k: v for k, v in model.items() if k != "properties"}), **kept}


def renamed(schema: Any) -> Any:
    """Refer to the models with few fields."""
    text = json.dumps(schema)
    return json.loads(text.replace('"#/components/schemas/', '"#/components/schemas/few.'))


def test_nothing_that_may_be_asked_breaks_the_server_or_shows_what_is_anothers(
    ada: User, bob: User
) -> None:
    before = {place: bob.ask("GET", within(place, bob.project, "treasure")) for place in OBJECTS}
    draw = random.Random(SEED)
    asked, wrong = 0, []
    for _, document in documents(ada):
        schema = schemathesis.openapi.from_dict(smaller(document, draw))
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode, examples in EXAMPLES.items():
                strategy = operation.as_strategy(generation_mode=mode)
                try:
                    asked += fuzzed(ada, bob, strategy, examples)
                except Unsatisfiable:
                    continue  # nothing can be wrong with what takes nothing
                except AssertionError as error:
                    wrong.append(str(error))

    assert not wrong, f"WHARF_SEED={SEED}\n" + "\n\n".join(wrong)
    assert asked > 500
    after = {place: bob.ask("GET", within(place, bob.project, "treasure")) for place in OBJECTS}
    assert after == before


def fuzzed(ada: User, bob: User, strategy: st.SearchStrategy[Case], examples: int) -> int:
    """Ask as `ada` what is drawn, and tell how often that was."""
    asked = 0

    @seed(SEED)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=strategy,
        project=st.sampled_from([ada.project, bob.project]),
        name=st.sampled_from(["own", "treasure", ""]),
        tidy=st.booleans(),
    )
    def ask(case: Case, project: str, name: str, tidy: bool) -> None:
        nonlocal asked
        aim(case, project, name, tidy=tidy)
        answer = case.call(
            base_url=ada.wharf.url, session=ada.session, verify=ada.session.verify, timeout=30
        )
        asked += 1
        judge(case, answer)
        if bob.project in case.path_parameters.values() and OWN_RIGHTS not in case.path:
            assert answer.status_code in (400, 403, 404, 405), answer.text

    ask()
    return asked


def aim(case: Case, project: str, name: str, *, tidy: bool) -> None:
    """Have the request meet what is there, which what is drawn would not."""
    if "namespace" in case.path_parameters:
        case.path_parameters["namespace"] = project
    if name and "name" in case.path_parameters:
        case.path_parameters["name"] = name
    case.query.pop("watch", None)  # which would go on
    if tidy and isinstance(case.body, dict) and "metadata" in case.body:
        case.body["metadata"] = {"name": name or "new"}
        case.body.pop("apiVersion", None)
        case.body.pop("kind", None)


def judge(case: Case, answer: Any) -> None:
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as failures:
        told = "\n".join(str(failure) for failure in failures.exceptions)
        raise AssertionError(f"{case.as_curl_command()}\n{told}") from None
    assert MARK not in answer.text, case.as_curl_command()
    assert MARK not in str(answer.headers), case.as_curl_command()
