"""Each promise about security names tests that are there."""

from __future__ import annotations

import re

from shared_data import REPOSITORY

NAMED = re.compile(r"`(test_\w+)`")


def test_every_line_of_the_security_page_names_tests_that_are_there() -> None:
    page = (REPOSITORY / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
    table = page.partition("## Line by line")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 15
    assert [row for row in rows if not NAMED.search(row)] == []
    tests = {
        name
        for file in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(NAMED.findall(table)) - tests == set()
