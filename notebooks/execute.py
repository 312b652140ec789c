"""Execute the notebooks: in place, or with --check without writing them.

Those that need a live server get a throwaway one with the sample project, where its environment is installed
(``make demo-label-studio`` or ``make test`` installs it); otherwise they are skipped by name, or fail under CI=true.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
NEED_SERVER = ("label_studio.ipynb",)

sys.path.insert(0, str(HERE.parent / "tests" / "live"))


def execute(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in its own folder with a fresh kernel; raises where a cell fails."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


@contextmanager
def sample_server() -> Iterator[None]:
    """Serve the sample project while a notebook runs; it finds address and token in the environment."""
    from demo_server import load_sample
    from server import start_server

    with tempfile.TemporaryDirectory(prefix="annoaudit-notebook-") as folder:
        server = start_server(Path(folder))
        try:
            os.environ["LABEL_STUDIO_PROJECT"] = f"{server.url}/projects/{load_sample(server)}/data"
            os.environ["LABEL_STUDIO_API_KEY"] = server.token
            yield
        finally:
            server.stop()


def run(path: Path) -> nbformat.NotebookNode | None:
    """Run a notebook; None where it needs a server and there is none."""
    if path.name not in NEED_SERVER:
        return execute(path)
    from server import environment, install

    if not (environment() / ".annoaudit-installed").is_file():
        if os.environ.get("CI", "").lower() != "true":
            return None
        install()
    with sample_server():
        return execute(path)


def main() -> None:
    """Execute the notebooks beside this script, all or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="run them, write nothing")
    parser.add_argument("names", nargs="*", help="such as audit.ipynb; all by default")
    arguments = parser.parse_args()
    for path in sorted(HERE / name for name in arguments.names) or sorted(HERE.glob("*.ipynb")):
        notebook = run(path)
        if notebook is None:
            print(f"{path.name}: SKIPPED, no Label Studio environment; make demo-label-studio installs it")
            continue
        if not arguments.check:
            nbformat.write(notebook, path)
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")


if __name__ == "__main__":
    main()
