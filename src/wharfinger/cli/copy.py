"""
`wharf copy`: bring an image, or a repository with all its tags, from one place to another.

Bytes go through unchanged, so an image keeps its digest, and what was said of it by that digest (in a
policy, a signature, a deployment) still holds. What would be done is known before anything is.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import consent, copy_output
from wharfinger.cli.copy_options import Access
from wharfinger.cli.copy_progress import Telling
from wharfinger.cli.errors import PartlyDone, UsageError
from wharfinger.cli.options import OUTPUT, Flag, Output, Text
from wharfinger.cli.terminal import note, sanitized
from wharfinger.errors import Conflict
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.remote.copy import locations, survey
from wharfinger.remote.copy import plan as planning
from wharfinger.remote.copy.locations import ArchiveLocation, Location
from wharfinger.remote.copy.plan import Plan
from wharfinger.remote.copy.platforms import Platform
from wharfinger.remote.copy.survey import Choice, Extent

if TYPE_CHECKING:
    from wharfinger.cli.copy_places import Means
    from wharfinger.remote.copy.run import Outcome
    from wharfinger.remote.repository import Source, Target

MOST_RETRIES: Final = 100
MOST_SECONDS: Final = 3_600
_ACCESS: Final = Access()


class AnotherDigest(Conflict):
    """What would be copied is not what was asked for."""

    code = "another-digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    source: Location
    target: Location
    choice: Choice
    whole: bool
    delete_extra: bool
    preserve: bool
    access: Access
    retries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Ready:
    """Both sides, opened, and what is to be done."""

    source: Source
    target: Target
    plan: Plan


def copy(
    source: str,
    target: str,
    /,
    *,
    all_: Annotated[bool, Parameter(name=["--all", "-a"], negative=(), show_default=False)] = False,
    multi_arch: Annotated[Extent | None, Parameter(show_default=False)] = None,
    platform: Text = "",
    preserve_digests: Flag = False,
    referrers: Flag = False,
    all_tags: Flag = False,
    delete_extra: Flag = False,
    plan: Flag = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative=(), show_default=False)] = False,
    retry_times: int = 3,
    timeout: float = 60.0,
    progress: Annotated[Telling, Parameter(show_default=False)] = Telling.AUTO,
    quiet: Annotated[
        bool, Parameter(name=["--quiet", "-q"], negative=(), show_default=False)
    ] = False,
    access: Access = _ACCESS,
    form: Output = OUTPUT,
) -> None:
    """Copy an image, or a repository with all its tags.

    Places are docker://NAME[:TAG][@DIGEST], oci:PATH[:TAG] and docker-archive:PATH[:NAME:TAG]. What
    is there already is not sent again, so a copy that was stopped is gone on with by the same command.

    Parameters
    ----------
    source
        Where the image is.
    target
        Where it shall be.
    all_
        All images of an index: the default, except into an archive.
    multi_arch
        What to copy of an index: all, system (the image for one platform) or index-only.
    platform
        Platform to choose, as in linux/arm64 [default: that of this machine].
    preserve_digests
        Fail if the image would not keep its digest.
    referrers
        Copy what is about the images too: signatures, attestations, bills of materials.
    all_tags
        Copy all tags of a repository.
    delete_extra
        With --all-tags: delete tags that the source does not have, after showing them.
    plan
        Only show what would be done.
    yes
        Delete without asking.
    retry_times
        How often to try again what may pass.
    timeout
        Seconds for an answer, and for each piece of a blob.
    progress
        How to tell of progress: plain, json or none [default: rows at a terminal, else plain].
    quiet
        Print nothing unless something fails.
    """
    if not 0 <= retry_times <= MOST_RETRIES or not 0 < timeout <= MOST_SECONDS:
        raise UsageError("cannot try so often, or wait so long")
    if delete_extra and not all_tags:
        raise UsageError("cannot tell what is extra beside a single image: give --all-tags")
    to = locations.parse(target)
    asked = _Asked(
        source=locations.parse(source),
        target=to,
        choice=_choice(_extent(multi_arch, all_, to), platform, referrers),
        whole=all_tags,
        delete_extra=delete_extra,
        preserve=preserve_digests,
        access=access,
        retries=retry_times,
        seconds=timeout,
    )
    _require_sense(asked)
    import uvloop  # a copy is a matter of throughput

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        try:
            ready = runner.run(_survey(asked, stack))
            if plan:
                copy_output.show_plan(ready.plan, form.format)
                return _conclude(ready.plan, None)
            if ready.plan.extra and not yes:
                note(copy_output.plan_text(ready.plan))
                consent.require(f"copy, and delete {len(ready.plan.extra)} of the tags there")
            outcome = runner.run(_carry_out(asked, ready, Telling.NONE if quiet else progress))
        finally:
            runner.run(stack.aclose())
    if not quiet:
        copy_output.show_outcome(ready.plan, outcome, form.format)
    return _conclude(ready.plan, outcome)


def _extent(multi_arch: Extent | None, all_: bool, target: Location) -> Extent:
    if all_ and multi_arch not in (None, Extent.ALL):
        raise UsageError(f"cannot copy all images and {multi_arch} at once")
    if multi_arch is None and not all_:
        return Extent.SYSTEM if isinstance(target, ArchiveLocation) else Extent.ALL
    return multi_arch or Extent.ALL


def _choice(extent: Extent, platform: str, referrers: bool) -> Choice:
    if platform and extent is not Extent.SYSTEM:
        raise UsageError(
            f"cannot choose {platform[:100]!r} and copy more than one image at once",
            remedy="give --multi-arch=system",
        )
    wanted = Platform.parse(platform) if platform else Platform.of_machine(os.uname().machine)
    return Choice(extent, wanted, referrers)


def _require_sense(asked: _Asked) -> None:
    if not isinstance(asked.target, ArchiveLocation):
        return
    if asked.preserve or asked.choice.referrers or asked.choice.extent is not Extent.SYSTEM:
        raise UsageError(
            f"cannot keep this in {asked.target}: an archive has one image, without its manifest",
            remedy="copy to oci:PATH instead",
        )


async def _survey(asked: _Asked, stack: AsyncExitStack) -> _Ready:
    """Open both sides, and plan from what they have."""
    from wharfinger.cli import copy_places

    # Passwords are asked for before anything is opened.
    means = {what: _means(asked, what) for what in ("source", "target")}
    if asked.whole:
        source = await copy_places.whole_source(asked.source, means["source"], stack)
        target = await copy_places.whole_target(asked.target, means["target"], stack)
        offered, held = await survey.every(source, target, asked.choice)
        held = await survey.held(target, offered, held.tags)
        plan = planning.plan(offered, held, delete_extra=asked.delete_extra)
        _require_digests(asked, plan)
        return _Ready(source, target, plan)
    found = await copy_places.source(asked.source, means["source"], stack)
    origin = found.reference if isinstance(found.reference, Tag) else None
    to = await copy_places.target(asked.target, means["target"], stack, origin)
    offered = await survey.one(found.repository, found.reference, to.goal, asked.choice)
    _require_digest(to.digest, offered.wanted[0].root)
    plan = planning.plan(offered, await survey.held(to.repository, offered))
    _require_digests(asked, plan)
    return _Ready(found.repository, to.repository, plan)


def _means(asked: _Asked, what: str) -> Means:
    from wharfinger.cli.copy_places import Means

    side = asked.access.source() if what == "source" else asked.access.target()
    return Means(login=side.login(what), side=side, seconds=asked.seconds, retries=asked.retries)


def _require_digest(wanted: Digest | None, found: Digest) -> None:
    if wanted is not None and wanted != found:
        raise AnotherDigest(f"cannot copy to {wanted}: the image has the digest {found}")


def _require_digests(asked: _Asked, plan: Plan) -> None:
    """With --preserve-digests: is each image what its tag means, and not one chosen from it?"""
    for one in (*plan.same, *(move.wanted for move in plan.moves)):
        if asked.preserve and one.meant is not None:
            _require_digest(one.meant, one.root)


async def _carry_out(asked: _Asked, ready: _Ready, telling: Telling) -> Outcome:
    from wharfinger.cli import copy_progress
    from wharfinger.remote.copy import run

    return await run.run(
        ready.plan,
        ready.source,
        ready.target,
        told=copy_progress.teller(telling, ready.plan),
        retries=asked.retries,
    )


def _conclude(plan: Plan, outcome: Outcome | None) -> None:
    """Tell what has failed, each with its name; an image that comes alone fails as what it is."""
    failures = plan.failures if outcome is None else outcome.failures
    if not failures:
        return
    total = len({one.name for one in failures} | _names(plan))
    if total > 1:
        for one in failures:
            note(sanitized(f"error: {one.name}: {one.error.message}"))
        if outcome is not None and outcome.kept:
            note("note: nothing was deleted, since something else has failed")
    if len(failures) < total:
        raise PartlyDone(len(failures), total)
    raise failures[-1].error


def _names(plan: Plan) -> set[str]:
    wanted = (*plan.same, *(move.wanted for move in plan.moves))
    return {str(one.goal) for one in wanted} | {str(one.tag) for one in plan.extra}
