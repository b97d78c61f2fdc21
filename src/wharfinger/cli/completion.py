"""`wharf completion`: a script that a shell sources to complete our commands and options."""

from __future__ import annotations

from typing import Literal

from wharfinger.cli import app


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print a completion script, for example: source <(wharf completion bash).

    Parameters
    ----------
    shell
        The shell that will read the script.
    """
    print(app.build().generate_completion(prog_name="wharf", shell=shell), end="")
