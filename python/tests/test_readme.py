"""The Python lines of the README run as written."""

import re
from pathlib import Path

import kilat

README = Path(__file__).parents[2] / "README.md"


def test_python_lines(tmp_path, monkeypatch, capsys):
    block = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    monkeypatch.chdir(tmp_path)
    kilat.synth("kaur-2024").write("kaur.h5")
    exec(block[1], {})
    printed = capsys.readouterr().out
    assert "Ua" in printed
    assert printed.count("\n") > 5
