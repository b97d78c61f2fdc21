"""`wharf hosts facts` and `plan`: what a host is, and what would change. Both only read."""

from __future__ import annotations

from wharfinger.cli import host, hosts_output, output, site_file
from wharfinger.cli.fleet_options import THIS_HOST, Fleet
from wharfinger.cli.host import HERE, FactsOption, RootOption, SiteOption
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.terminal import sanitized, say
from wharfinger.hosts import plan as planning
from wharfinger.hosts.on_host import facts as host_facts


def facts(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """Read what this host is, its runtimes and its files.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    found = host.found(root)
    if form.format in (Format.TABLE, Format.WIDE):
        rows = hosts_output.facts_rows(found)
        width = max(len(name) for name, _ in rows)
        say("\n".join(f"{name:{width}}   {sanitized(value)}" for name, value in rows))
    else:
        say(output.documents(host_facts.to_json(found), form.format))


def plan(
    site: SiteOption = site_file.DEFAULT,
    /,
    *,
    root: RootOption = HERE,
    facts: FactsOption = None,
    hosts: Fleet = THIS_HOST,
    form: Output = OUTPUT,
) -> None:
    """Show what would change, as diffs, and what it costs.

    Parameters
    ----------
    site
        The site file.
    root
        Directory tree to plan for instead of this host.
    facts
        Plan for the host whose facts this file has (`wharf hosts facts -o json`).
    """
    if hosts.meant(beside=(root != HERE, facts is not None)):
        from wharfinger.cli import fleet  # what reaches many hosts is not for one

        fleet.plan(site, hosts, form.format)
        return
    found = host.found(root, facts)
    hosts_output.show_plan(planning.plan(site_file.load(site), found), found, form)
