"""
The `wharf` command line: which commands there are, and how each one ends.

The table below names commands by where they live, so that nothing is imported but what runs:
`wharf --help` reads no YAML and opens no socket. Commands return nothing, or a number to exit
with; what goes wrong is raised, and told here once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from cyclopts import App, CycloptsError, Group

from wharfinger import __version__
from wharfinger.cli import exit_codes
from wharfinger.cli.errors import UsageError
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.help import PlainHelp
from wharfinger.cli.terminal import Color, error_lines, note, sanitized, wants_color
from wharfinger.errors import WharfingerError

REGISTRY: Final = Group("Projects and images", sort_key=1)
RIGHTS: Final = Group("Accounts and rights", sort_key=2)
HOSTS: Final = Group("Hosts of the site", sort_key=3)
NODES: Final = Group("Nodes of a cluster", sort_key=4)
SERVER: Final = Group("Server and shell", sort_key=5)

_COLORS: Final = frozenset(Color)


class Command(NamedTuple):
    name: str
    place: str  # module under `wharfinger.cli`, and what in it
    group: Group
    help: str


COMMANDS: Final = (
    Command("project", "project:app", REGISTRY, "Make, list, delete and switch projects."),
    Command("repo", "repository:app", REGISTRY, "List and delete repositories."),
    Command("copy", "copy:copy", REGISTRY, "Copy images between registries, layouts and archives."),
    Command("tag", "tag:app", REGISTRY, "Set, list and delete tags."),
    Command(
        "import", "import_image:import_image", REGISTRY, "Fetch images of other registries here."
    ),
    Command("policy", "policy:app", REGISTRY, "Check, try and explain image policies."),
    Command(
        "build-config", "build_config:app", REGISTRY, "Make build configs and give them secrets."
    ),
    Command(
        "connect", "connect:connect", REGISTRY, "Connect a project of a cluster with one here."
    ),
    Command("login", "login:login", RIGHTS, "Log in to a server and remember it."),
    Command("logout", "login:logout", RIGHTS, "End the login of the current context."),
    Command("whoami", "whoami:whoami", RIGHTS, "Say who the server takes us for."),
    Command("sa", "service_account:app", RIGHTS, "Make, list and delete service accounts."),
    Command("token", "token:app", RIGHTS, "Make and revoke tokens of service accounts."),
    Command("grant", "roles:grant", RIGHTS, "Give a role to users, groups, accounts or everybody."),
    Command("revoke", "roles:revoke", RIGHTS, "Take a role away again."),
    Command("registry", "logins:registry", RIGHTS, "Log docker and others in to the registry."),
    Command("secret", "secret:app", RIGHTS, "Make secrets for registries and link them."),
    Command("site", "site:app", HOSTS, "Check the site file, and write one from what is there."),
    Command("trust", "trust:app", HOSTS, "Say whom hosts trust, look at it, prove it, back it up."),
    Command("search", "search:search", HOSTS, "Search the registries of the site for images."),
    Command("hosts", "hosts:app", HOSTS, "Plan, apply, prove and undo changes of a host."),
    Command("storage", "storage:app", HOSTS, "Grow and change the storage of a host."),
    Command(
        "docker-authz", "docker_authz:docker_authz", HOSTS, "Run the plugin of a Docker daemon."
    ),
    Command("docker-load", "docker_load:docker_load", HOSTS, "Load an archive of allowed images."),
    Command("verify-image", "verify_image:verify_image", HOSTS, "Answer containerd on an image."),
    Command("evacuate", "evacuate:evacuate", NODES, "Explain, then empty nodes of their pods."),
    Command("cordon", "cordon:cordon", NODES, "Close nodes to new pods."),
    Command("uncordon", "cordon:uncordon", NODES, "Open nodes again that we have closed."),
    Command(
        "maintain", "maintain:maintain", NODES, "Bring the hosts of a cluster to the site file."
    ),
    Command("docker", "docker:app", NODES, "Empty a plain Docker host, and start all again."),
    Command("swarm", "swarm:app", NODES, "Drain nodes of a Docker Swarm, and give them back."),
    Command("webhook", "webhook:webhook", SERVER, "Decide for a cluster which images may run."),
    Command("up", "server:up", SERVER, "Start the server."),
    Command("status", "server:status", SERVER, "Say whether the server runs, and where."),
    Command("down", "server:down", SERVER, "Stop the server."),
    Command(
        "completion", "completion:completion", SERVER, "Print a completion script for a shell."
    ),
)
OLDER_SPELLINGS: Final = (
    Command("new-project", "project:create", REGISTRY, "The same as `wharf project create`."),
    Command("import-image", "import_image:import_image", REGISTRY, "The same as `wharf import`."),
    Command("secrets", "secret:older", RIGHTS, "The same as `wharf secret`."),
    Command("manage-node", "manage_node:manage_node", NODES, "The words of `oc adm manage-node`."),
    Command("adm", "policy:adm", RIGHTS, "The words of `oc adm` for rights and nodes."),
    Command("set", "build_config:older", RIGHTS, "The words of `oc set` for what we change."),
    Command("create", "create:app", RIGHTS, "The words of `oc create` for what we make."),
)


def build() -> App:
    app = App(
        name="wharf",
        help="The Docker tasks of a container platform: hosts in order, and a registry of one's own.",
        help_format="plaintext",
        help_formatter=PlainHelp(),
        version=__version__,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
    )
    for command in COMMANDS:
        _register(app, command, show=True)
    for command in OLDER_SPELLINGS:
        _register(app, command, show=False)
    return app


def _register(app: App, command: Command, *, show: bool) -> None:
    app.command(
        f"wharfinger.cli.{command.place}",
        name=command.name,
        group=command.group,
        help=command.help,
        show=show,
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return what to exit with."""
    try:
        _require_text(arguments)
        result = build()(list(arguments))
        sys.stdout.flush()
    except CycloptsError as error:
        note(
            f"error: {sanitized(str(error))}\nhint: `wharf --help` and `wharf COMMAND --help` say more"
        )
        return ExitCode.USAGE
    except WharfingerError as error:
        color = wants_color(_color_asked(arguments), sys.stderr, os.environ)
        note(error_lines(error, color=color))
        return exit_codes.of_error(error)
    except KeyboardInterrupt:
        return exit_codes.of_signal(signal.SIGINT)
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.of_signal(signal.SIGPIPE)
    return result if isinstance(result, int) else ExitCode.OK


def _require_text(arguments: Sequence[str]) -> None:
    """Bytes that are no UTF-8 arrive as lone surrogates, which nothing behind here can send."""
    for position, argument in enumerate(arguments, 1):
        if not argument.isprintable() and any("\ud800" <= char <= "\udfff" for char in argument):
            raise UsageError(f"cannot read argument {position}: it is not UTF-8 text")


def _color_asked(arguments: Sequence[str]) -> Color:
    """`--color` as given, read here since the error may have come before it was parsed."""
    asked = os.environ.get("WHARF_COLOR", "")
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--color":
            asked = following
        elif argument.startswith("--color="):
            asked = argument.removeprefix("--color=")
    return Color(asked) if asked in _COLORS else Color.AUTO
