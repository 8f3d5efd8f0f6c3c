"""`warm`: what computes in loops is compiled once, and kept; without a compiler it says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from apps.json_contract import Warm

MAIN = "import sys; from strikewise.apps.cli.main import main; main()"
WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None\n" + MAIN


def test_all_kernels_are_made_ready_and_none_is_compiled_twice(call: Any, tmp_path: Path) -> None:
    call("warm", home=tmp_path)
    told = Warm.model_validate(json.loads(said(MAIN, tmp_path, "--json")))
    assert told.kernels > 0
    assert told.compiled == 0
    assert told.kept
    assert all(list(Path(folder).glob("*.nbc")) for folder in told.kept)
    assert "compiled already" in said(MAIN, tmp_path)


def test_without_a_compiler_it_says_so_and_nothing_fails(tmp_path: Path) -> None:
    told = json.loads(said(WITHOUT_NUMBA, tmp_path, "--json"))
    assert told == {"kernels": 0, "compiled": 0, "kept": []}
    assert "pip install numba" in said(WITHOUT_NUMBA, tmp_path)


def said(program: str, home: Path, *words: str) -> str:
    command = [sys.executable, "-c", program, "--home", str(home), "warm", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
