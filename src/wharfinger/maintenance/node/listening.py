"""Hear what becomes of the pods of a node: by one watch, and by lists where it has a gap."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wharfinger.maintenance.api import Api, ApiFault, PodEvent, WatchExpired
from wharfinger.maintenance.model import Pod
from wharfinger.maintenance.node.course import Course
from wharfinger.maintenance.node.pacing import Pause


class Listening:
    def __init__(self, api: Api, course: Course) -> None:
        self._api, self._course = api, course

    async def follow(self, revision: str) -> None:
        """Watch from a revision on, and whenever a watch has ended, list and watch again."""
        pause = Pause()
        while True:
            try:
                if not revision:
                    revision = await self.list()
                async for event in self._api.watch_pods(revision, node=self._course.node.name):
                    self._course.patience.answered()
                    pause.reset()
                    self._heard(event)
            except WatchExpired:
                self._course.patience.answered()
            except ApiFault as fault:
                self._course.patience.failed(fault)
                self._course.work.call()
            revision = ""
            await self._course.clock.sleep(pause.next())

    async def list(self) -> str:
        """Hear of all pods at once; return from where to watch."""
        known = self._course.tracker.uids
        pods, revision = await self._api.pods(node=self._course.node.name)
        self._course.patience.answered()
        self.listed(pods, known)
        return revision

    def listed(self, pods: Sequence[Pod], known: Collection[str]) -> None:
        """Take in a list. Of those not in it only they are gone who were known before it was asked for."""
        for uid in set(known) - {pod.uid for pod in pods}:
            self._course.gone(uid)
        for pod in pods:
            self._course.tracker.saw(pod)
        self._course.work.call()

    def _heard(self, event: PodEvent) -> None:
        if event.pod is None:
            return
        if event.gone:
            self._course.gone(event.pod.uid)
        else:
            self._course.tracker.saw(event.pod)
        self._course.work.call()
