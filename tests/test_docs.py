"""Documents cannot rot: every command, detector, format and exit code is documented, and every link leads somewhere."""

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest

from annoaudit import errors
from annoaudit.detectors import load_detectors
from annoaudit.detectors.registry import list_detectors
from annoaudit.formats import list_formats

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sample_data").glob("*.md")])


def load_script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_page_is_what_the_commands_say():
    page = load_script(ROOT / "docs" / "regenerate.py")
    assert page.TARGET.read_text(encoding="utf-8") == page.render(), "run: python docs/regenerate.py"


def test_the_page_of_formats_is_what_the_formats_say():
    page = load_script(ROOT / "docs" / "regenerate.py")
    assert page.FORMATS.read_text(encoding="utf-8") == page.render_formats(), "run: python docs/regenerate.py"


def test_the_page_of_frameworks_is_what_the_table_says():
    page = load_script(ROOT / "docs" / "regenerate.py")
    assert page.FRAMEWORKS.read_text(encoding="utf-8") == page.render_frameworks(), "run: python docs/regenerate.py"


@pytest.mark.parametrize("name", list_detectors())
def test_every_detector_has_a_page_with_its_settings_and_needs(name):
    text = (ROOT / "docs" / "detectors" / f"{name}.md").read_text(encoding="utf-8")
    (detector,) = load_detectors([name])
    for setting in (field.name for field in dataclasses.fields(detector)):
        assert f"`{setting}`" in text
    for heading in ("**What it sees.**", "**What it cannot see.**", "**Innocent explanations.**"):
        assert heading in text
    assert name in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list_formats())
def test_every_format_has_a_page(name):
    assert (ROOT / "docs" / "formats" / f"{name}.md").read_text(encoding="utf-8").strip()


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    codes = {getattr(errors, name).exit_code for name in errors.__all__}
    for code in {0, *codes}:
        assert f"| {code} |" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_error_class_is_drawn_in_the_tree():
    tree = errors.__doc__
    for name in errors.__all__:
        assert name in tree


def test_every_attack_and_key_of_a_simulation_is_documented():
    from annoaudit.reporting import blind_spot_records
    from annoaudit.simulation import ATTACKS

    text = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")
    records = [getattr(blind_spot_records, name) for name in blind_spot_records.__all__]
    keys = {field.name for record in records for field in dataclasses.fields(record)}
    for name in {*ATTACKS, *keys}:
        assert f"`{name}`" in text
    for attack in ATTACKS.values():
        assert f"| {attack.strength:g} |".replace("0.", ".") in next(
            line for line in text.splitlines() if line.startswith(f"| `{attack.name}`")
        )
