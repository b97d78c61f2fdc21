"""`wharf policy test`: what a policy says to manifests, before anything is sent to a cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from wharfinger.cli import manifests, output, policy_file, policy_lookup, policy_output
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.policy_lookup import WORLD, World
from wharfinger.cli.terminal import say
from wharfinger.images.offline import verdicts

if TYPE_CHECKING:
    from wharfinger.images.offline.dump import Dump
    from wharfinger.images.offline.verdicts import Judged
    from wharfinger.policy.imagepolicy.config import Policy

Namespace = Annotated[str | None, Parameter(name=["--namespace", "-n"])]
Files = Annotated[list[Path], Parameter(negative=(), allow_leading_hyphen=True)]  # `-` is stdin


def run(
    files: Files,
    /,
    *,
    policy: Path,
    namespace: Namespace = None,
    all_: Annotated[bool, Parameter(name="--all", negative=(), show_default=False)] = False,
    world: World = WORLD,
    form: Output = OUTPUT,
) -> int:
    """Judge the images of manifests by a policy, and those of the pods that would be made of them.

    The exit code is 5 if anything is refused. Looked up is what the files have: image
    streams, images, and namespaces with the rules that they switch off.

    Parameters
    ----------
    files
        Files with manifests in YAML or JSON, folders of them, or - for stdin: what Helm renders, or a
        dump of a cluster.
    policy
        File with the policy: an ImagePolicyConfig, or a master configuration that holds one.
    namespace
        Of objects that do not name theirs [default: default].
    all_
        List what is allowed, too.
    """
    rules = policy_file.load(policy).policy
    found, unread = manifests.read(files, namespace)
    judged = asyncio.run(judge(found, rules, world))
    numbers = policy_output.summary(len(found.subjects), judged)
    shown = [policy_output.row(one) for one in judged if all_ or not one.verdict.allowed]
    if form.format is Format.TABLE:
        if shown:
            say(policy_output.blocks(shown))
        say(policy_output.summed(numbers))
    elif form.format is Format.WIDE:
        say(output.table(shown, policy_output.COLUMNS))
        say(policy_output.summed(numbers))
    else:
        document = {"summary": numbers, "items": shown}
        output.show(document, form.format, columns=policy_output.COLUMNS, kind="object")
    if numbers["imagesRefused"]:
        return ExitCode.REFUSED
    if unread is not None:
        raise unread
    return ExitCode.OK


async def judge(found: Dump, policy: Policy, world: World) -> list[Judged]:
    async with policy_lookup.opened(found, policy, world) as lookup:
        return await verdicts.judge(found, policy, lookup, registry=world.registry)
