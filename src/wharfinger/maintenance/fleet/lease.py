"""
One run at a time on a cluster: the lease `wharfinger-maintenance` in the namespace `kube-system`.

Its holder renews it; whoever is killed leaves it to expire. Clocks of machines differ, so an expired
lease is watched for its whole length first, and taken over only if nobody has renewed it meanwhile. A
run that is resumed has the id that it had and takes its own lease again at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from wharfinger.errors import AlreadyExists, Conflict, NotFound, Unavailable
from wharfinger.maintenance.node.progress import Clock

NAME: Final = "wharfinger-maintenance"
NAMESPACE: Final = "kube-system"
SECONDS: Final = 30
_ALL: Final = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
_ONE: Final = f"{_ALL}/{NAME}"
_RENEWALS: Final = 3
"""So many in the time in which it would expire."""
_ATTEMPTS: Final = 5

Object = Mapping[str, Any]


class LeaseHeld(Conflict):
    code = "maintenance-held"

    def __init__(self, holder: str, since: str) -> None:
        super().__init__(
            f"cannot maintain this cluster: {holder} does so since {since or 'a moment ago'}",
            remedy=f"wait for its end, or look at it: kubectl get lease {NAME} -n {NAMESPACE}",
        )
        self.holder = holder


class Asks(Protocol):
    async def ask(self, method: str, path: str, *, body: Object | None = None) -> Object: ...


class Lease:
    """Taken by `take`, kept by `keep` in a task of its own, given back by `release`."""

    def __init__(self, api: Asks, who: str, clock: Clock, told: Callable[[str], None]) -> None:
        self._api, self._who, self._clock, self._told = api, who, clock, told
        self._renewed = clock.now()

    async def take(self) -> None:
        """Raise `LeaseHeld` if another run has it."""
        holder = since = ""
        for _ in range(_ATTEMPTS):
            found = await self._read()
            if found is None or holder_of(found) in ("", self._who):
                if await self._put(found):
                    return
                continue
            holder, since = holder_of(found), found["spec"].get("acquireTime") or ""
            if not expired(found, self._clock.now()):
                break
            seconds = _seconds(found)
            self._told(f"the lease of {holder} has expired; it is watched for {seconds} s more")
            await self._clock.sleep(seconds)
            again = await self._read()
            if again is not None and _revision(again) != _revision(found):
                break
            if await self._put(again):
                return
        raise LeaseHeld(holder or "somebody", since)

    async def keep(self) -> str:
        """Renew it until that is not possible any more; returns why."""
        while True:
            await self._clock.sleep(SECONDS / _RENEWALS)
            try:
                found = await self._read()
                if found is not None and holder_of(found) not in ("", self._who):
                    return f"the lease has gone to {holder_of(found)}"
                await self._put(found)
            except Unavailable as error:
                if self._clock.now() - self._renewed > timedelta(seconds=SECONDS):
                    return f"the lease could not be renewed in time: {error.message}"

    async def release(self) -> None:
        """Leave it to the next one; if that fails it expires."""
        try:
            found = await self._read()
            if found is not None and holder_of(found) == self._who:
                await self._api.ask("PUT", _ONE, body=released(found))
        except (Unavailable, Conflict, NotFound) as error:
            self._told(f"the lease is not given back, and expires: {error.message}")

    async def _read(self) -> Object | None:
        try:
            return await self._api.ask("GET", _ONE)
        except NotFound:
            return None

    async def _put(self, found: Object | None) -> bool:
        """Take or renew it as it was found; whether it was still so."""
        now = self._clock.now()
        method, path = ("POST", _ALL) if found is None else ("PUT", _ONE)
        try:
            await self._api.ask(method, path, body=taken(found, self._who, now))
        except (AlreadyExists, Conflict, NotFound):
            return False
        self._renewed = now
        return True


def holder_of(lease: Object) -> str:
    return (lease.get("spec") or {}).get("holderIdentity") or ""


def expired(lease: Object, now: datetime) -> bool:
    renewed = (lease.get("spec") or {}).get("renewTime")
    if not renewed:
        return True
    return now > datetime.fromisoformat(renewed) + timedelta(seconds=_seconds(lease))


def taken(found: Object | None, who: str, now: datetime) -> Object:
    """The lease as its holder writes it, over the one that was found."""
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {} if found is None else found.get("spec") or {}
    ours = spec.get("holderIdentity") == who
    return {
        **_head(found),
        "spec": {
            "holderIdentity": who,
            "leaseDurationSeconds": SECONDS,
            "acquireTime": (spec.get("acquireTime") if ours else None) or moment,
            "renewTime": moment,
            "leaseTransitions": (spec.get("leaseTransitions") or 0)
            + (0 if ours or found is None else 1),
        },
    }


def released(found: Object) -> Object:
    spec = {name: found["spec"].get(name) for name in ("leaseTransitions", "renewTime")}
    return {**_head(found), "spec": {**spec, "leaseDurationSeconds": SECONDS}}


def _head(found: Object | None) -> dict[str, Any]:
    metadata = {"name": NAME, "namespace": NAMESPACE} if found is None else found["metadata"]
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}


def _seconds(lease: Object) -> int:
    return (lease.get("spec") or {}).get("leaseDurationSeconds") or SECONDS


def _revision(lease: Object) -> object:
    return lease["metadata"].get("resourceVersion")
