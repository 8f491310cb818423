"""`reconcile completion`: the completion script of a shell."""

import click
from click.shell_completion import get_completion_class

from reconcile.cli import COMPLETION, output
from reconcile.cli.commands import reconcile
from reconcile.cli.context import Done


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> Done:
    """Print the script that makes a shell complete commands, options and values.

    \b
    Examples:
      source <(reconcile completion bash)      in ~/.bashrc
      source <(reconcile completion zsh)       in ~/.zshrc, after compinit
      reconcile completion fish | source       in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(f"click does not support {shell}")
    script = kind(reconcile, {}, "reconcile", COMPLETION)
    # Not `source()`, which runs bash to check its version, because the script may be for another machine.
    output.write(f"{(script.source_template % script.source_vars()).strip()}\n")
    return Done.DONE
