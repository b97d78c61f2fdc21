"""`wharf storage plan` and `verify`: what would be done, and whether all is as it should be. Both only read."""

from __future__ import annotations

from wharfinger.cli import site_file, storage_host, storage_output
from wharfinger.cli.host import SiteOption
from wharfinger.cli.options import OUTPUT, Flag, Output
from wharfinger.cli.storage_host import PlanRefused, StorageFactsOption
from wharfinger.hosts.storage import plan as planning


def plan(
    site: SiteOption = site_file.DEFAULT,
    /,
    *,
    rebuild: Flag = False,
    facts: StorageFactsOption = None,
    form: Output = OUTPUT,
) -> None:
    """Show the steps that would be done, what they need and what they cost.

    Parameters
    ----------
    site
        The site file.
    rebuild
        Plan the destructive way: save what the engine keeps, remove its volumes, and make them anew.
    facts
        Plan for the host whose facts this file has (`wharf storage status -o json`).
    """
    wanted, found = storage_host.wanted(site), storage_host.found(facts)
    made = planning.plan(wanted, found, rebuild=rebuild)
    storage_output.show_plan(made, found.hostname, form)
    if made.refusals:
        raise PlanRefused(made)
