from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from dashboard.conftest import lacks
from shared_data import REPOSITORY

BOARD = REPOSITORY / "deploy" / "grafana" / "strikewise.json"
MODULES = REPOSITORY / "dashboard" / "node_modules"
PLAIN = """
type Plain<T> = T extends string ? `${T}`
  : T extends number ? (`${T}` extends `${infer N extends number}` ? N : T)
  : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""
"""A type with the members of its enumerations as JSON writes them."""


def problems(board: str, folder: Path) -> str:
    """Return what the TypeScript compiler has against a dashboard as Grafana's own schema describes it."""
    compiler = MODULES / ".bin" / "tsc"
    if not (MODULES / "@grafana" / "schema").is_dir() or shutil.which("node") is None:
        lacks("Grafana's schema is read by Node and what dashboard/ needs: `make page`.")
    words = ['import type { Dashboard } from "@grafana/schema";', PLAIN]
    source = "\n".join([*words, f"export const board: Plain<Dashboard> = {board};\n"])
    (folder / "board.ts").write_text(source, encoding="utf-8")
    (folder / "node_modules").symlink_to(MODULES, target_is_directory=True)
    options = {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "target": "es2022",
        "types": [],
    }
    settings = json.dumps({"compilerOptions": options, "files": ["board.ts"]})
    (folder / "tsconfig.json").write_text(settings, encoding="utf-8")
    found = subprocess.run([str(compiler)], cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0 or "board.ts" in found.stdout, found.stdout + found.stderr
    return found.stdout


def test_the_dashboard_is_what_grafanas_own_schema_describes(tmp_path: Path) -> None:
    assert problems(BOARD.read_text(encoding="utf-8"), tmp_path) == ""


def test_a_dashboard_that_is_not_is_found_out(tmp_path: Path) -> None:
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    board["schemaVersion"], board["timezone"], board["panels"][0]["gridPos"] = "forty", 3, {"x": 0}
    found = problems(json.dumps(board), tmp_path)
    assert found.count("error TS") == 3
