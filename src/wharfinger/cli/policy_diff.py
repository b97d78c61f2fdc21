"""`wharf policy diff`: whose verdict another policy changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from wharfinger.cli import manifests, output, policy_file, policy_output, policy_test
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.policy_lookup import WORLD, World
from wharfinger.cli.policy_test import Files, Namespace
from wharfinger.cli.terminal import say
from wharfinger.images.offline import verdicts


def diff(
    old: Path,
    new: Path,
    /,
    *,
    against: Files,
    namespace: Namespace = None,
    world: World = WORLD,
    form: Output = OUTPUT,
) -> int:
    """List the images of manifests that one policy lets run and another does not.

    The exit code is 5 if the new policy refuses what the old one allows.

    Parameters
    ----------
    old
        File with the present policy.
    new
        File with the policy to come.
    against
        Files with manifests, folders of them, or - for stdin, as a dump of the cluster.
    namespace
        Of objects that do not name theirs [default: default].
    """
    policies = [policy_file.load(path).policy for path in (old, new)]
    found, unread = manifests.read(against, namespace)
    before, after = (asyncio.run(policy_test.judge(found, policy, world)) for policy in policies)
    changes = verdicts.changes(before, after)
    refused = sum(change.refused_now for change in changes)
    rows = [policy_output.change_row(change) for change in changes]
    if form.format in (Format.TABLE, Format.WIDE):
        if rows:
            output.show({"items": rows}, form.format, columns=policy_output.CHANGES, kind="object")
        say(
            f"{refused} refused that were allowed, {len(changes) - refused} allowed that were refused"
        )
    else:
        summary = {"refused": refused, "allowed": len(changes) - refused}
        document = {"summary": summary, "items": rows}
        output.show(document, form.format, columns=policy_output.CHANGES, kind="object")
    if refused:
        return ExitCode.REFUSED
    if unread is not None:
        raise unread
    return ExitCode.OK
