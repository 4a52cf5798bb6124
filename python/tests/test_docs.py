"""Examples run, stubs tell the truth, types and style hold."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import kilat

HERE = Path(__file__).parent.parent
MODULES = ["kilat", *(f"kilat.{m.name}" for m in pkgutil.iter_modules(kilat.__path__))]


def examples():
    finder = doctest.DocTestFinder()
    for name in MODULES:
        module = importlib.import_module(name)
        # The package shows the classes of the native module, and its own module the functions.
        yield from (t for t in finder.find(module, name) if t.examples)


@pytest.mark.parametrize("example", list(examples()), ids=lambda t: t.name)
def test_example(example):
    assert doctest.DocTestRunner().run(example).failed == 0


def test_everything_public_is_described():
    for name in kilat.__all__:
        thing = getattr(kilat, name)
        assert name == "__version__" or thing.__doc__, name
        if inspect.isclass(thing) and not issubclass(thing, (int, Exception)):
            for member, value in vars(thing).items():
                assert member.startswith("_") or not callable(value) or value.__doc__, f"{name}.{member}"


@pytest.mark.parametrize(
    "command",
    [
        ["mypy"],
        ["mypy.stubtest", "kilat", "--mypy-config-file", "pyproject.toml", "--allowlist", "tests/stubtest.txt"],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
    ],
    ids=lambda c: " ".join(c[:2]),
)
def test_tool(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
