"""`wharf storage plan` and `verify`: what would be done, and whether all is as it should be. Both only read."""

from __future__ import annotations

from collections.abc import Iterator

from wharfinger.cli import hosts_output, output, site_file, storage_host, storage_output
from wharfinger.cli.host import SiteOption
from wharfinger.cli.options import OUTPUT, Flag, Format, Output
from wharfinger.cli.storage_host import PlanRefused, StorageFactsOption
from wharfinger.cli.terminal import sanitized, say
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Holds, Proven
from wharfinger.hosts.on_host.storage import reading, standing
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage import claims
from wharfinger.hosts.storage import plan as planning
from wharfinger.hosts.storage.planned import StoragePlan


class StorageNotAsWanted(WharfingerError):
    """A host whose storage is not as the site file says, or not sound."""

    code = "storage-not-as-wanted"

    def __init__(self, plan: StoragePlan, failed: int) -> None:
        super().__init__(
            f"cannot call this storage in order: {len(plan.steps)} steps are left,"
            f" {len(plan.refusals)} refused, {failed} claims do not hold",
            remedy="see `wharf storage plan` and `wharf storage status`",
        )


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


def verify(site: SiteOption = site_file.DEFAULT, /, *, form: Output = OUTPUT) -> None:
    """Tell whether the storage of this host is as the site file says, and sound.

    Parameters
    ----------
    site
        The site file.
    """
    wanted, machine = storage_host.wanted(site), storage_host.as_root(Machine())
    found = reading.read_storage(machine, usage=False)
    made = planning.plan(wanted, found)
    if made.refusals:  # some say how much Docker keeps, which takes it long to count
        made = planning.plan(wanted, reading.read_storage(machine))
    proofs = [*claims.claims(wanted, found), *_standing(wanted, machine)]
    if form.format in (Format.TABLE, Format.WIDE):
        lines = [f"differs: {line}" for line in storage_output.differences(made)]
        say("\n".join([*map(sanitized, lines), *hosts_output.proof_lines(proofs)]) or "as it says")
    else:
        told = [{"what": one.what, "holds": one.holds.value, "why": one.why} for one in proofs]
        differs = list(storage_output.differences(made))
        say(output.documents({"differs": differs, "proofs": told}, form.format))
    failed = [one for one in proofs if one.holds is Holds.NO]
    if made.steps or made.refusals or failed:
        raise StorageNotAsWanted(made, len(failed))


def _standing(wanted: Storage, machine: Machine) -> Iterator[Proven]:
    if wanted.root_volume is not None:
        yield standing.at_boot(machine, wanted.root_volume.mount_path)
    if (proof := standing.last_proof(machine)) is not None:
        yield proof
