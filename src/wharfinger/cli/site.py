"""`wharf site`: the file that says what hosts search, use, block and trust."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App

from wharfinger.cli import output, site_file
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, sanitized, say
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
