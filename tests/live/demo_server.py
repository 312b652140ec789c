"""make demo-label-studio: a throwaway Label Studio server with the sample project, audited and pushed for review.

Everything stays on this machine and in a temporary folder; Ctrl-C stops the server and removes it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from server import ADMIN, PASSWORD, REVIEWER, ROOT, LabelStudioServer, start_server

SAMPLE = ROOT / "sample_data"
OUT = ROOT / "demo-label-studio"
KEPT = ("result", "lead_time", "was_cancelled", "ground_truth", "completed_by")


def load_sample(server: LabelStudioServer) -> int:
    """Import the sample project with its people; return the project's id."""
    tasks = json.loads((SAMPLE / "label_studio_export.json").read_text(encoding="utf-8"))
    numbers = sorted({one["completed_by"] for task in tasks for one in task["annotations"]})
    people = {
        number: server.add_user(f"annotator{number}@example.com", first_name="Annotator", last_name=str(number)).id
        for number in numbers
    }
    rows = [
        {
            "data": task["data"],
            "annotations": [
                {key: one[key] for key in KEPT} | {"completed_by": people[one["completed_by"]]}
                for one in task["annotations"]
            ],
        }
        for task in tasks
    ]
    config = (SAMPLE / "label_config.xml").read_text(encoding="utf-8")
    return server.create_project(config, rows, title="Bike-sharing messages")


def annoaudit(server: LabelStudioServer, *arguments: str) -> None:
    """Run the command as a person would; stop where it fails."""
    print(f"\n$ annoaudit {' '.join(arguments)}", flush=True)
    environment = {**os.environ, "LABEL_STUDIO_API_KEY": server.token}
    done = subprocess.run([sys.executable, "-m", "annoaudit", *arguments], env=environment, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    """Start, fill, audit, push, and wait."""
    print("Starting Label Studio (the first time it is installed into .venv-label-studio, a few minutes) …", flush=True)
    shutil.rmtree(OUT, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="annoaudit-label-studio-") as folder:
        server = start_server(Path(folder))
        try:
            project = load_sample(server)
            annoaudit(server, "audit", f"{server.url}/projects/{project}/data", "--out", OUT.name)
            annoaudit(server, "push", OUT.name, "--yes")
            print(f"\nOpen {server.url}/projects and log in as {REVIEWER} (or {ADMIN}), password {PASSWORD}.")
            print("Then, in another terminal:")
            print(f"  export LABEL_STUDIO_API_KEY={server.token}")
            print(f"  .venv/bin/annoaudit verdicts {OUT.name}")
            print("Ctrl-C stops the server and removes everything but the folder of the audit.", flush=True)
            while "--once" not in sys.argv:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("\nStopping.")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
