"""The Python that the README shows does what the README says it does."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from shared_data import REPOSITORY

SHOWN = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("demo_folder")
def test_the_python_of_the_readme_gives_what_stands_there(capsys: pytest.CaptureFixture[str]) -> None:
    shown = SHOWN.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert shown
    code = doctest.DocTestParser().get_doctest("\n".join(shown), {}, "README.md", "README.md", 0)
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(code)
    assert results.attempted >= 8
    assert results.failed == 0, capsys.readouterr().out


def test_the_picture_of_the_report_is_small_enough_to_load_at_once() -> None:
    picture = Path(REPOSITORY / "docs" / "assets" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 300_000
