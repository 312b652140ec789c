"""Write docs/cli.md and the pages of formats and frameworks from the program itself, so that they cannot rot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "cli.md"
FORMATS = Path(__file__).resolve().parent / "formats" / "README.md"

FRAMEWORKS = Path(__file__).resolve().parent / "frameworks.md"

FRAMEWORKS_HEAD = """# Risks and security frameworks

Written by `python docs/regenerate.py` from `src/annoaudit/frameworks/frameworks.toml`; do not edit by hand.

Every report has a threat page: seven risks, what was looked for, what was found, what could not be checked and why.
Every finding carries the risks that its type speaks to and its ids in the frameworks that security teams report in.
An id names the attack, weakness or control that such a finding would be *evidence about*, were there an attack. No
finding says that there was one: label errors are mostly slips.

Ids were compared with these versions: MITRE ATLAS with the tables of its 2026.09 release, AISVS with the locked text of
1.0, NIST AI 100-2 with the index of attacks of E2025, the OWASP lists with their published titles. Where no id fits,
none stands here. A detector of another package has no row; its findings carry no ids and are named as such.
"""

FORMATS_HEAD = """# Formats

Written by `python docs/regenerate.py` from what the formats say about themselves; do not edit by hand.

`aa.read(path)` tells the format from the content, whether the path is a file, a folder, a zip or a tar archive (files
also as gzip). Archives are not unpacked to disk, links are not followed, document types of XML are refused, and
every limit is in `annoaudit/formats/limits.py`. `--format NAME` or `format=` skips the telling.

`aa.read("s3://bucket/labels.csv")`, an `https://` address or any other URL that [fsspec](https://filesystem-spec.readthedocs.io)
knows (extra `remote`) is copied into a temporary folder, at most 8 GiB in all, read as any file, and the copy removed.
Pictures in a folder are listed, not copied. Credentials come from the environment, as the file system's own tools take
them; messages name a URL without user, password and query.

`aa.write(labels, path, format="coco")`, or `annoaudit convert IN OUT --to coco`, writes where the last column says so
(`csv` is `long_table`), to a path that does not exist yet. It returns what the format cannot carry, and, from reading
back what was written, which questions, counts and columns came back otherwise. `--to parquet` writes annoaudit's own
tables, which carry everything.

Pixels are measured from the top left, half-open; offsets in text are code points, half-open; times are UTC; ids are
texts. Where a file cannot tell something, a note in every report says so.

| format | annotators | times | empty or not seen | checked on | written |
| --- | --- | --- | --- | --- | --- |
"""

FORMATS_TAIL = """
"Checked on": real exports of the tool (or files of the project that defines the format), or files constructed from its
documentation only. [companions](companions.md) are probabilities, features and gold labels.

A format can be audited as far as its labels are single choices; other kinds open, are kept, convert, and wait for
detectors of their own.
"""

HEAD = """# Command line

Written by `python docs/regenerate.py` from `annoaudit --help`; do not edit by hand.

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done; the gate, if any, passed |
| 1 | the gate failed; of `verify` and `media verify`: something differs; of `prove --check`: the proof does not hold |
| 2 | usage, configuration or refused input: one message names the place and the mend |
| 3 | could not do the job, or a detector failed (everything else is written); of `media`: some could not be looked at |
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


def commands() -> list[tuple[str, ...]]:
    """Return the names of all commands, those of groups after the others, in the order of the help."""
    from annoaudit.cli.app import app

    alone = [(str(command.name),) for command in app.registered_commands]
    return alone + [
        (str(group.name), str(command.name))
        for group in app.registered_groups
        for command in (group.typer_instance.registered_commands if group.typer_instance else ())
    ]


def render() -> str:
    """Return the page."""
    parts = [HEAD, f"## annoaudit\n\n```\n{read_help()}\n```\n"]
    parts += [f"## annoaudit {' '.join(names)}\n\n```\n{read_help(*names)}\n```\n" for names in commands()]
    return "\n".join(parts)


def render_formats() -> str:
    """Return the page of formats."""
    from annoaudit.formats import WritableFormat, load_formats

    rows = []
    for one in load_formats():
        told = one.carries  # type: ignore[attr-defined] # all of our own state it
        cells = (
            told.annotators,
            told.times,
            told.empty,
            told.checked,
            "yes" if isinstance(one, WritableFormat) else "",
        )
        rows.append(f"| [{one.name}]({one.name}.md) | {' | '.join(cells)} |")
    return FORMATS_HEAD + "\n".join(rows) + "\n" + FORMATS_TAIL


def render_frameworks() -> str:
    """Return the page of risks and security frameworks."""
    from annoaudit.frameworks import list_finding_types, list_frameworks, list_threats

    types = list_finding_types()
    versions = [f"| [{one.name}]({one.url}) | {one.version} |" for one in list_frameworks()]
    risks = [
        f"| {one.title} (`{one.key}`) | {one.stage} | {one.what} | "
        f"{', '.join(f'`{row.name}`' for row in types if one.key in row.threats)} |"
        for one in list_threats()
    ]
    rows = [f"| `{one.name}` | {', '.join(f'`{ref.id}`' for ref in one.references)} |" for one in types]
    titles = {ref.id: f"| `{ref.id}` | {ref.framework.name} {ref.framework.version} | {ref.title} |"
              for one in types for ref in one.references}  # fmt: skip
    parts = [
        FRAMEWORKS_HEAD,
        "| framework | version |\n| --- | --- |\n" + "\n".join(versions),
        "\n## The seven risks\n\n| risk | stage | what it is | looked for by |\n| --- | --- | --- | --- |\n"
        + "\n".join(risks),
        "\n## Ids of each finding type\n\n| finding type | ids |\n| --- | --- |\n" + "\n".join(rows),
        "\n## What the ids are called\n\n| id | framework | title |\n| --- | --- | --- |\n"
        + "\n".join(titles[one] for one in sorted(titles)),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    FRAMEWORKS.write_text(render_frameworks(), encoding="utf-8", newline="\n")
    FORMATS.write_text(render_formats(), encoding="utf-8", newline="\n")
    TARGET.write_text(render(), encoding="utf-8", newline="\n")
