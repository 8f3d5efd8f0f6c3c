"""Write dashboard/openapi.json from the API itself, or say with --check whether it no longer matches."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from strikewise.apps.api.app import routes

DOCUMENT = Path(__file__).resolve().parent.parent / "dashboard" / "openapi.json"


def document() -> str:
    """Return the OpenAPI document as text."""
    return json.dumps(routes().openapi(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the document, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 where it differs")
    asked = parser.parse_args(arguments)
    text = document()
    if not asked.check:
        DOCUMENT.write_text(text, encoding="utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text:
        return 0
    print("dashboard/openapi.json is not what the API is: run `python scripts/openapi.py`.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
