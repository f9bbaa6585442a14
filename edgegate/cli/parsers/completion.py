"""`edgegate completion`: a script with which your shell completes commands, options and their values.

For bash: edgegate completion bash > ~/.local/share/bash-completion/completions/edgegate, in a folder that may have to
be made first; then open a new shell. For zsh: the same into a file _edgegate in a folder of $fpath.
"""

from edgegate.cli.parser import Parser

SHELLS = ("bash", "zsh", "tcsh")


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.completion:run", __doc__)
    parser.show(
        "edgegate completion bash > ~/.local/share/bash-completion/completions/edgegate",
        "edgegate completion zsh > ~/.zfunc/_edgegate",
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
