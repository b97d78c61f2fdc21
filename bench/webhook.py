"""
Reviews as an API server asks for them: over TLS, on connections that stay, each a pod of 2.4 KB in the form
of Kubernetes 1.30 with two images that are known by their digests.

The webhook is held on one processor and the client on another, where there are two. How many reviews a
second it takes is found with 16 connections that always ask; the latency at 1,000 a second with a client
that sends each review at its time, whether the one before was answered or not. A pod of 1,000 containers
comes by itself. CPU time is that of the whole process for one review.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import ssl
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench import report
from bench.report import OURS, Measure
from e2e import machine
from e2e.webhook_host import Webhook

RATE: Final = Measure("reviews on 16 connections, one processor", "1/s", "higher")
WORK: Final = Measure("CPU time of a review", "µs", "lower")
LATENCY: Final = Measure("p99 at 1,000 reviews a second", "ms", "lower")
LARGE: Final = Measure("a pod of 1,000 containers", "ms", "lower")
GOALS: Final = {RATE: "> 3,000", WORK: "", LATENCY: "< 10", LARGE: "< 100"}
CONNECTIONS: Final = 16
SECONDS: Final = 4.0
PER_SECOND: Final = 1_000
PODS: Final = 10

POLICY: Final = """
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
resolveImages: AttemptRewrite
executionRules:
- name: known-registries
  matchRegistries: [docker.io, quay.io, registry.redhat.io]
- name: denied
  reject: true
  matchImageAnnotations:
  - {key: images.openshift.io/deny-execution, value: "true"}
  skipOnResolutionFailure: true
"""
REVIEWS: Final = machine.ROOT / "tests" / "server" / "webhook" / "reviews" / "kubernetes-1.30.json"


def measure(folder: Path, rounds: int) -> str:
    """The table of medians, the first round left out."""
    samples: dict[Measure, list[float]] = {one: [] for one in GOALS}
    with _serving(folder / "webhook") as webhook:
        for number in range(rounds + 1):
            for one, sample in asyncio.run(_round(webhook)).items():
                report.tell(number, OURS, one, sample)
                if number > 0:
                    samples[one].append(sample)
    return report.figures(samples, GOALS)


@contextmanager
def _serving(folder: Path) -> Iterator[Webhook]:
    processors = sorted(os.sched_getaffinity(0))
    webhook = Webhook(folder, POLICY)
    try:
        os.sched_setaffinity(0, processors[:1])
        webhook.start()
        os.sched_setaffinity(0, processors[-1:])
        yield webhook
    finally:
        os.sched_setaffinity(0, processors)
        webhook.stop()


async def _round(webhook: Webhook) -> dict[Measure, float]:
    pod = _request(_pod(1))
    async with asyncio.timeout(120):
        clients = [await Client.connect(webhook) for _ in range(CONNECTIONS)]
        before, begun = _work(webhook), time.perf_counter()
        counts = await asyncio.gather(*(_always(client, pod) for client in clients))
        seconds, done = time.perf_counter() - begun, sum(counts)
        work = (_work(webhook) - before) / done * 1e6
        latencies = await _steadily(clients, pod)
        large = _request(_pod(1_000))
        whole = [await clients[0].ask(large) for _ in range(PODS)]
        for client in clients:
            client.close()
    return {
        RATE: done / seconds,
        WORK: work,
        LATENCY: sorted(latencies)[len(latencies) * 99 // 100] * 1000,
        LARGE: statistics.median(whole) * 1000,
    }


async def _always(client: Client, request: bytes) -> int:
    until, done = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < until:
        await client.ask(request)
        done += 1
    return done


async def _steadily(clients: list[Client], request: bytes) -> list[float]:
    """Latencies from when each review should have been sent, which waiting for others is part of."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    begun, taken = time.perf_counter(), []

    async def one(due: float) -> None:
        client = await free.get()
        await client.ask(request)
        taken.append(time.perf_counter() - due)
        free.put_nowait(client)

    async with asyncio.TaskGroup() as group:
        for number in range(int(SECONDS * PER_SECOND)):
            due = begun + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due))
    return taken


class Client:
    """One connection, as plain as can be: the client shares the machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, webhook: Webhook) -> Client:
        trust: ssl.SSLContext = webhook.context()
        return cls(*await asyncio.open_connection("127.0.0.1", webhook.port, ssl=trust))

    async def ask(self, request: bytes) -> float:
        """Seconds until the whole answer was there; it has to be a yes."""
        begun = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        assert b'"allowed":true' in answer, answer[:500]
        return time.perf_counter() - begun

    def close(self) -> None:
        self._writer.close()


def _pod(containers: int) -> dict[str, Any]:
    """A pod that API servers send, with a sidecar and as many containers."""
    cases = json.loads(REVIEWS.read_text())
    review: dict[str, Any] = next(one["review"] for one in cases if one["id"] == "sidecar")
    spec = review["request"]["object"]["spec"]
    spec["initContainers"][0]["image"] = f"quay.io/team/proxy@sha256:{'a' * 64}"
    (first,) = spec["containers"]
    spec["containers"] = [copy.deepcopy(first) for _ in range(containers)]
    for number, one in enumerate(spec["containers"]):
        one["name"] = f"c{number}"
        one["image"] = f"docker.io/library/app-{number}@sha256:{number:064x}"
    return review


def _request(review: dict[str, Any]) -> bytes:
    body = json.dumps(review).encode()
    head = (
        "POST /validate?timeout=10s HTTP/1.1\r\nHost: webhook.admission.svc:443\r\n"
        "User-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _work(webhook: Webhook) -> float:
    """Seconds of CPU time that it has used."""
    assert webhook.process is not None
    fields = Path(f"/proc/{webhook.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
