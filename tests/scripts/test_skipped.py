"""A skipped test is accepted only where the shared market data really are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

import skipped

REPORT = """<testsuite><testcase classname="tests.a" name="runs"/>
<testcase classname="tests.a" name="rests"><skipped message="{reason}"/></testcase></testsuite>"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.setattr(skipped, "ROOT", root)
    return root


def report(root: Path, reason: str) -> Path:
    path = root / "report.xml"
    path.write_text(REPORT.format(reason=reason))
    return path


def test_absent_data_explain_a_skip(checkout: Path) -> None:
    assert skipped.main(report(checkout, skipped.ABSENT)) == 0


def test_no_skip_is_explained_where_the_data_are_there(checkout: Path) -> None:
    (checkout.parent / "shared" / "data").mkdir(parents=True)
    assert skipped.main(report(checkout, skipped.ABSENT)) == 1


def test_no_other_reason_is_accepted(checkout: Path) -> None:
    assert skipped.main(report(checkout, "flaky today")) == 1


def test_a_run_without_skips_is_fine(checkout: Path) -> None:
    path = checkout / "report.xml"
    path.write_text('<testsuites><testsuite><testcase classname="a" name="b"/></testsuite></testsuites>')
    assert skipped.main(path) == 0


def test_the_reason_is_the_one_the_suite_gives() -> None:
    conftest = Path(__file__).resolve().parent.parent / "conftest.py"
    assert skipped.ABSENT in conftest.read_text(encoding="utf-8")
