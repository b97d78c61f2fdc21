"""`wharf site`: the file that says what hosts search, use, block and trust."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from wharfinger.cli import output, site_adopted, site_file
from wharfinger.cli.errors import UsageError
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.hosts.adopt import adopted
from wharfinger.hosts.adopt.said import Said
from wharfinger.hosts.site import contradictions, file, meaning, trusted
from wharfinger.hosts.site.trusted import UnusableTrust

app = App(name="site", help="Check the site file, and write one from what is there already.")


@app.command
def check(path: Path = site_file.DEFAULT, /) -> None:
    """Say what a site file means, and what is wrong with it.

    Parameters
    ----------
    path
        The site file.
    """
    site = site_file.load(path)
    rows = [{"place": place, "means": means} for place, means in meaning.of(site)]
    columns = (
        Column("STATEMENT", lambda row: str(row["place"])),
        Column("MEANS", lambda row: str(row["means"])),
    )
    say(output.table(rows, columns))
    judgement = trusted.judge(site, datetime.now(UTC))
    for warning in (*map(str, contradictions.find(site)), *judgement.warnings):
        note(f"warning: {sanitized(warning)}")
    if judgement.unusable:
        raise UnusableTrust(judgement.unusable)


@app.command
def schema() -> None:
    """Print the JSON Schema of a site file, for editors."""
    say(json.dumps(file.schema(), indent=2))


@app.command
def adopt(
    *,
    root: Path | None = None,
    facts: Path | None = None,
    inventory: Path | None = None,
    master_config: Path | None = None,
    image_config: Path | None = None,
    trusted_ca: Path | None = None,
    to: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Write a site file from what is there.

    From this host, or from the sources that are named.

    What cannot be carried over is listed on stderr, and the exit code is 4 then.

    Parameters
    ----------
    root
        Directory tree of a host to read instead of this host.
    facts
        Facts of a host, as `wharf hosts facts -o json` writes them.
    inventory
        Ansible inventory of the OpenShift installer, a folder of them, or a file of variables.
    master_config
        OpenShift 3's master-config.yaml, or a part of it.
    image_config
        OpenShift 4's object image.config.openshift.io, in YAML or JSON.
    trusted_ca
        The ConfigMap that the image config names as additionalTrustedCA.
    to
        File to write; the certificates go to certs/ beside it [default: stdout, without them].
    """
    if trusted_ca is not None and image_config is None:
        raise UsageError("cannot use --trusted-ca without --image-config")
    sources: list[Said] = []
    if facts is not None:
        sources += site_adopted.of_facts(facts)
    if inventory is not None:
        sources += site_adopted.of_inventory(inventory)
    if master_config is not None:
        sources += site_adopted.of_master_config(master_config)
    if image_config is not None:
        sources += site_adopted.of_image_config(image_config, trusted_ca)
    if root is not None or not (facts or inventory or master_config or image_config):
        sources = [*site_adopted.of_host(root or Path("/")), *sources]
    made = adopted.joined(sources)
    if to is None and made.files:
        note("the certificates that it names are written with -o FILE")
    if to is None:
        say(site_adopted.text(made).rstrip("\n"))
    else:
        site_adopted.write(made, to)
    for one in made.notes:
        note(sanitized(str(one)))
    return ExitCode.PARTIAL if made.notes else ExitCode.OK
