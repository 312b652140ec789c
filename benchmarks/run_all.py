"""Run the benchmarks and gather their tables in RESULTS.md.

    python benchmarks/run_all.py [--only NAME ...]

Each section is kept in benchmarks/results/NAME.md with the command, date and commit that made it; --only makes some
of them anew. Benchmarks on real data need ../shared/data beside the project (or the folder that ANNOAUDIT_SHARED
names) and are left out with a message where it is absent. Peers that annoaudit does not depend on are installed into
benchmarks/cache/peers.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SECTIONS = HERE / "results"
PEERS = HERE / "cache" / "peers"

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "agreement": ("benchmarks/agreement.py", "--replications", "2000", "--seed", "7"),
    "coefficients": ("benchmarks/coefficients.py",),
    "truth_inference": ("benchmarks/truth_inference.py",),
    "truth_inference_cost": ("benchmarks/truth_inference_cost.py",),
    "label_errors": ("benchmarks/label_errors.py",),
    "kinds_spans": ("benchmarks/kinds_spans.py",),
    "label_errors_cost": ("benchmarks/label_errors_cost.py",),
    "forensics": ("benchmarks/forensics.py", "null", "few", "ring", "power", "delay", "table", "--budget", "40"),
    "forensics_people": ("benchmarks/forensics_people.py", "people"),
    "forensics_cost": ("benchmarks/forensics_people.py", "cost"),
    "kinds_regions": ("benchmarks/kinds_regions.py",),
    "poisoning": ("benchmarks/poisoning.py", "cells", "leads", "patches", "shift", "copies", "scale", "table"),
    "media_pins": ("benchmarks/media_pins.py",),
    "hostile_content": ("benchmarks/hostile_content.py",),
    "reading": ("benchmarks/reading.py", "--rows", "1000000", "--repeats", "5"),
    "coco": ("benchmarks/coco.py", "--images", "100000", "--repeats", "3"),
    "hostile_inputs": ("benchmarks/hostile_inputs.py", "--inputs", "50000", "--seed", "1"),
    "startup": ("benchmarks/startup.py",),
    "evidence": ("benchmarks/evidence.py", "digits", "duplicates", "banking77"),
    "label_studio_pull": ("benchmarks/label_studio_pull.py", "10000"),
    "label_studio_push": ("benchmarks/label_studio_push.py", "10000"),
    "tampering": ("benchmarks/tampering.py", "40"),
    "killing": ("benchmarks/killing.py", "200", "1"),
    "ledger": ("benchmarks/ledger.py", "1000000"),
    "store": ("benchmarks/store.py",),
    "month": ("benchmarks/month.py", "--seeds", "2"),
    "large_night": ("benchmarks/large_night.py", "1000000"),
    "large_night_weekly": ("benchmarks/large_night.py", "4000", "--texts", "--weekly"),
    "large_night_nightly": ("benchmarks/large_night.py", "4000", "--texts"),
    "large_live_night": ("benchmarks/large_live_night.py", "1000000"),
    "kinds_scales": ("benchmarks/kinds_scales.py",),
    "kinds_text": ("benchmarks/kinds_text.py",),
    "kinds_rankings": ("benchmarks/kinds_rankings.py",),
}
WITH_PEERS = {
    "truth_inference_cost": ("crowd-kit==1.4.2",),
    "agreement": ("statsmodels",),
    "coefficients": ("statsmodels", "nltk", "simpledorff", "rater-agreement", "pycocotools==2.0.11"),
    "forensics": ("crowd-kit==1.4.2",),
    "coco": ("pycocotools==2.0.11",),
    "kinds_regions": ("pycocotools==2.0.11",),
    "kinds_text": ("crowd-kit==1.4.2",),
    "poisoning": ("adversarial-robustness-toolbox==1.20.1",),
}


def peer_python(packages: tuple[str, ...]) -> Path:
    """Return a Python that has this project and the peers; made once."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        venv.create(PEERS, with_pip=True)
    marks = PEERS / f"{'-'.join(packages)}.installed"
    if not marks.exists():
        run = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[dev]", *packages]
        subprocess.run(run, cwd=ROOT, check=True)
        marks.touch()
    return python


def run(name: str) -> str:
    """Run one benchmark and return its section."""
    python = peer_python(WITH_PEERS[name]) if name in WITH_PEERS else Path(sys.executable)
    command = BENCHMARKS[name]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(python), *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    shown = f"python {' '.join(command)}" + (f"   (with {', '.join(WITH_PEERS[name])})" if name in WITH_PEERS else "")
    return f"## {name}\n\n`{shown}` on {today}, commit {commit}\n\n{done.stdout.strip()}\n"


def main() -> None:
    """Run what was asked for and join all sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=BENCHMARKS, default=list(BENCHMARKS))
    SECTIONS.mkdir(exist_ok=True)
    for name in parser.parse_args().only:
        print(name, flush=True)
        (SECTIONS / f"{name}.md").write_text(run(name), encoding="utf-8")
    join()


def join() -> None:
    """Write RESULTS.md from the preface and the sections there are."""
    parts = [(HERE / "PREFACE.md").read_text(encoding="utf-8")]
    parts += [
        (SECTIONS / f"{name}.md").read_text(encoding="utf-8")
        for name in BENCHMARKS
        if (SECTIONS / f"{name}.md").exists()
    ]
    (HERE / "RESULTS.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
