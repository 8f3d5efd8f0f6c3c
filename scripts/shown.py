"""Run the commands that the documentation shows, and write down what they print.

In a page, a block that begins with ``$ strikewise`` shows a command and its output. This script runs each in
a copy of the data home that `make demo` makes, and writes the output again, so that no page shows what the
program does not say. Blocks run in the order of the page, in a folder of their own.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = "demo-home/reconstructed"
BLOCK = re.compile(
    r"^```console\n\$ (?P<command>strikewise[^\n]*)\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL
)
FILE = re.compile(r'^```toml title="(?P<name>[\w./-]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
CUT = re.compile(r"^…$", re.MULTILINE)
"""A line that stands for lines left out."""


def main() -> int:
    """Write the outputs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="+", type=Path, help="pages to bring up to date")
    parser.add_argument("--home", type=Path, required=True, help="a data home that make demo made")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail if a page shows something else"
    )
    asked = parser.parse_args()
    stale = []
    for page in asked.pages:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            new = rewritten(text, Path(folder), asked.home.resolve())
        if new != text:
            stale.append(str(page))
            if not asked.check:
                page.write_text(new, encoding="utf-8")
    print(f"{len(asked.pages)} pages, {len(stale)} changed: {', '.join(stale)}")
    return 1 if asked.check and stale else 0


def rewritten(text: str, folder: Path, home: Path) -> str:
    """Return a page with the outputs of its commands, run one after the other on a copy of a home."""
    set_up(folder, home)
    for found in FILE.finditer(text):
        (folder / found["name"]).write_text(found["text"], encoding="utf-8")
    return BLOCK.sub(lambda found: _block(found, folder), text)


def set_up(folder: Path, home: Path) -> Path:
    """Put a copy of a data home where the documentation has it, and return it."""
    place = folder / HOME
    shutil.copytree(
        home,
        place,
        copy_function=os.link,
        ignore=shutil.ignore_patterns("settings.toml", "ledger.db*", "access.db*", "rehearsals", "logs"),
    )
    return place


def _block(found: re.Match[str], folder: Path) -> str:
    command = found["command"]
    output = said(command, folder)
    if CUT.search(found["output"]):
        output = _cut(output, found["output"])
    return f"```console\n$ {command}\n{output}```"


def said(command: str, folder: Path, *, width: int = 100, colour: bool = False, aloud: bool = False) -> str:
    """Return what a command prints in a folder with a data home: its results, or what it says meanwhile."""
    tools = Path(sys.executable).parent
    told = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "STRIKEWISE_HOME": HOME,
        "COLUMNS": str(width),
        **({"FORCE_COLOR": "1", "TERM": "xterm-256color"} if colour else {"NO_COLOR": "1"}),
    }
    done = subprocess.run(  # noqa: S603 - our own command
        shlex.split(command), cwd=folder, env=told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr or done.stdout}")
    printed = done.stderr if aloud or not done.stdout.strip() else done.stdout
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return "\n".join(lines) + "\n"


def _cut(output: str, shown: str) -> str:
    """Leave out again what was left out before: as many lines are kept before and after it."""
    before, after = (len(part.strip("\n").splitlines()) for part in CUT.split(shown, maxsplit=1))
    lines = output.splitlines()
    if before + after >= len(lines):
        return output
    return "\n".join([*lines[:before], "…", *lines[len(lines) - after :]]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
