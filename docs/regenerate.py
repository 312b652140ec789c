"""Write docs/cli.md from the command line's own help, so that it cannot rot; a test compares the two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "cli.md"

HEAD = """# Command line

Written by `python docs/regenerate.py` from `annoaudit --help`; do not edit by hand.

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done; the gate, if any, passed |
| 1 | the gate failed; of `verify`: something differs; of `prove --check`: the proof does not hold |
| 2 | usage, configuration or refused input: one message names the place and the mend |
| 3 | could not do the job, or a detector failed (everything else is written) |
| 4 | audited and stored, but a push or a notification failed |

If several apply: 2, then 3, 1, 4. Findings alone never change the exit code of `audit`. A detector that lacks its
inputs is skipped, which is no failure.
"""


def read_help(*command: str) -> str:
    """Return the help of a command as it looks on a terminal of 100 columns."""
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "annoaudit", *command, "--help"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def commands() -> list[str]:
    """Return the names of all commands, in the order of the help."""
    from annoaudit.cli.app import app

    return [str(command.name) for command in app.registered_commands]


def render() -> str:
    """Return the page."""
    parts = [HEAD, f"## annoaudit\n\n```\n{read_help()}\n```\n"]
    parts += [f"## annoaudit {name}\n\n```\n{read_help(name)}\n```\n" for name in commands()]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8", newline="\n")
