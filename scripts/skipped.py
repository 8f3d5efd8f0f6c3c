"""Judge the skipped tests of a JUnit report: none may be, where the shared market data are there."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
ABSENT = "the shared market data are not beside this checkout"


def main(report: Path) -> int:
    """Return 0 when every skip of `report` is one that the place explains."""
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  pytest wrote it
    skipped = [(case, skip) for case in cases if (skip := case.find("skipped")) is not None]
    if not skipped:
        print(f"{len(cases)} tests, none skipped")
        return 0
    data = ROOT.parent / "shared" / "data"
    unexplained = [
        f"  {case.get('classname')}: {case.get('name')}: {skip.get('message')}"
        for case, skip in skipped
        if data.is_dir() or ABSENT not in (skip.get("message") or "")
    ]
    if unexplained:
        print(f"{len(unexplained)} tests were skipped that can run here:", *unexplained, sep="\n")
        return 1
    print(f"{len(cases)} tests, {len(skipped)} of them skipped because {ABSENT}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
