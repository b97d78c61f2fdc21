"""
Image policy: ten thousand manifests through `wharf policy test`, as a person runs it.

The manifests differ in their names and images; they are of several kinds, and a fifth of them is
refused. They come as YAML of one file, as Helm renders them, and as JSON, as `kubectl get -o json` dumps
them.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final

from bench import report
from bench.report import OURS, Measure
from e2e import machine
from wharfinger.cli import yaml

RENDERED: Final = Measure("`wharf policy test`, 10,000 manifests in YAML", "s", "lower")
DUMPED: Final = Measure("`wharf policy test`, 10,000 manifests in JSON", "s", "lower")
GOALS: Final = {RENDERED: "< 5", DUMPED: "< 5"}
MANIFESTS: Final = 10_000
REFUSED: Final = 5

POLICY: Final = """\
apiVersion: v1
kind: ImagePolicyConfig
resolveImages: AttemptRewrite
executionRules:
- name: allow-images-from-internal-registry
  onResources: [{resource: pods}, {resource: builds}]
  matchIntegratedRegistry: true
- name: allow-images-from-other-registries
  onResources: [{resource: pods}, {resource: builds}]
  matchRegistries: [docker.io, quay.io, registry.redhat.io]
"""


def measure(folder: Path, rounds: int) -> str:
    """The table of figures, the first round left out."""
    policy, rendered, dumped = (
        folder / name for name in ("policy.yaml", "rendered.yaml", "dumped.json")
    )
    policy.write_text(POLICY)
    found = [_manifest(number) for number in range(MANIFESTS)]
    kinds = [yaml.text_of(one) for one in found[:REFUSED]]
    # The text of one for each kind and verdict, with other names: what makes YAML here is not measured.
    rendered.write_text(
        "---\n".join(
            kinds[number % REFUSED].replace(f"app-{number % REFUSED}", f"app-{number}")
            for number in range(MANIFESTS)
        )
    )
    dumped.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": found}))
    samples: dict[Measure, list[float]] = {RENDERED: [], DUMPED: []}
    for number in range(rounds + 1):
        for one, manifests in ((RENDERED, rendered), (DUMPED, dumped)):
            sample = _taken(policy, manifests)
            report.tell(number, OURS, one, sample)
            if number > 0:
                samples[one].append(sample)
    return report.figures(samples, GOALS)


def _taken(policy: Path, manifests: Path) -> float:
    wharf = machine.ROOT / ".venv" / "bin" / "wharf"
    start = time.perf_counter()
    done = machine.run(wharf, "policy", "test", manifests, "--policy", policy)
    taken = time.perf_counter() - start
    summary = done.out.splitlines()[-1]
    assert summary.startswith(f"{MANIFESTS // REFUSED} of {MANIFESTS} objects refused"), summary
    return taken


def _manifest(number: int) -> dict[str, Any]:
    name = f"app-{number}"
    registry = "elsewhere.test" if number % REFUSED == 0 else "quay.io"
    container = {
        "name": "app",
        "image": f"{registry}/team/{name}:1",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "MODE", "value": "1"}, {"name": "LEVEL", "value": "info"}],
        "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}},
    }
    pod = {
        "initContainers": [{"name": "wait", "image": "docker.io/library/busybox:1"}],
        "containers": [container],
        "volumes": [{"name": "cache", "emptyDir": {}}],
    }
    metadata = {"name": name, "namespace": "shop", "labels": {"app": name, "tier": "front"}}
    if number % REFUSED == 1:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment" if number % REFUSED < 4 else "StatefulSet",
        "metadata": metadata,
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "template": template,
        },
    }
