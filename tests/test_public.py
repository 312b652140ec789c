"""The public names: sorted, present, and not hidden by modules of the same name."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import annoaudit


def submodules():
    return sorted(
        module.name
        for module in pkgutil.walk_packages(annoaudit.__path__, "annoaudit.")
        if not module.name.endswith("__main__")
    )


@pytest.mark.parametrize("name", submodules())
def test_every_module_has_the_public_names_it_states(name):
    module = importlib.import_module(name)
    for one in getattr(module, "__all__", []):
        assert hasattr(module, one)


def test_public_names_are_sorted_and_about_fifteen():
    assert sorted(annoaudit.__all__) == annoaudit.__all__
    assert 8 <= len(annoaudit.__all__) <= 20


def test_public_functions_survive_the_import_of_every_submodule():
    for name in submodules():
        importlib.import_module(name)
    for name in annoaudit.__all__:
        value = getattr(annoaudit, name)
        assert not isinstance(value, type(sys)), f"annoaudit.{name} is a module"


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, annoaudit, annoaudit.cli; "
        "heavy = {'numpy', 'pandas', 'pyarrow', 'sklearn', 'cleanlab', 'matplotlib', 'sqlalchemy', 'scipy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
