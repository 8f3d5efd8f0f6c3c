"""Say which pinned packages are known to be vulnerable, and which nobody could be asked about.

Ends with 0 where every pin was checked and nothing found but what is accepted; with 1 where something was, an
acceptance has ended, or a list does not have a pin; with 2 where a tool failed; with 3 where no list of
advisories could be reached. Unknown is never clean: only --unreachable-is-no-failure makes 0 of 3, and says
that it does. What only builds the web page is told, and fails nothing.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from audit_lists import Answer, Finding, ask_node, ask_python

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = "requirements/accepted-advisories.toml"
CLEAN, FOUND, BROKEN, UNREACHED = range(4)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An advisory that is let pass, up to and including a day."""

    id: str
    reason: str
    until: date


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Ask, print what was found, and return how it ended."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--unreachable-is-no-failure",
        action="store_true",
        help="end with 0 where only the lists are out of reach",
    )
    asked = parser.parse_args(arguments)
    try:
        accepted = acceptances(root / ACCEPTED)
    except (OSError, ValueError) as error:
        print(error)
        return BROKEN
    now = datetime.now(UTC)
    answers = [ask_python(root / "requirements"), ask_node(root / "dashboard")]
    print(*told(answers, accepted, now), sep="\n")
    ended = verdict(answers, accepted, now.date())
    if ended == UNREACHED and asked.unreachable_is_no_failure:
        print("Nothing above says that a package is safe. This run goes on all the same, as it was told to.")
        return CLEAN
    return ended


def acceptances(path: Path) -> list[Acceptance]:
    """Read what is accepted; each entry has a name, a reason and a last day, and nothing else."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{ACCEPTED} is not TOML: {error}") from None
    for entry in entries:
        kinds = [type(entry.get(key)) for key in ("id", "reason", "until")]
        if kinds != [str, str, date] or len(entry) != 3 or not entry["id"] or not entry["reason"].strip():
            raise ValueError(f"{ACCEPTED}: an entry has an id, a reason and a day `until`; this is {entry}")
    return [Acceptance(**entry) for entry in entries]


def verdict(answers: Iterable[Answer], accepted: list[Acceptance], today: date) -> int:
    """Return the gravest of what became of the audit."""
    answers = list(answers)
    if any(entry.until < today for entry in accepted):
        return FOUND
    if any(answer.unknown or _failing(answer, accepted) for answer in answers if answer.source):
        return FOUND
    if any(answer.broken for answer in answers):
        return BROKEN
    return CLEAN if all(answer.source for answer in answers) else UNREACHED


def _failing(answer: Answer, accepted: list[Acceptance]) -> list[Finding]:
    return [finding for finding in answer.findings if finding.shipped and not _acceptance(finding, accepted)]


def _acceptance(finding: Finding, accepted: Iterable[Acceptance]) -> Acceptance | None:
    return next((entry for entry in accepted if entry.id in finding.ids), None)


def told(answers: list[Answer], accepted: list[Acceptance], now: datetime) -> Iterator[str]:
    """Yield what was asked of whom and when, and what was found."""
    for answer in answers:
        yield from _answer_told(answer, accepted, f"{now:%Y-%m-%d %H:%M} UTC")
    everything = all(answer.source for answer in answers)
    names = {name for answer in answers for finding in answer.findings for name in finding.ids}
    for entry in accepted:
        if entry.until < now.date():
            yield f"{entry.id} was accepted until {entry.until} ({entry.reason}): look again and decide anew."
        elif everything and entry.id not in names:
            yield f"{entry.id} is accepted, and no pin has it any more: take it out of {ACCEPTED}."


def _answer_told(answer: Answer, accepted: list[Acceptance], when: str) -> Iterator[str]:
    if answer.source:
        checked, found = answer.asked - len(answer.unknown), len(answer.findings) or "nothing"
        said = f"{checked} of {answer.asked} pins checked with {answer.source}, {when}: {found} found."
        yield f"{answer.title}: {said}"
    else:
        said = f"0 of {answer.asked} pins, {when}. Whether any of them is vulnerable is unknown."
        yield f"{answer.title}: NOT CHECKED. {said}"
    yield from (f"  Not asked: {reason}" for reason in answer.unreached)
    if answer.broken:
        yield f"  {answer.broken}"
    for finding in answer.findings:
        yield f"  {_finding_told(finding, _acceptance(finding, accepted))}"
    for name in answer.unknown:
        yield f"  {name}: {answer.source} does not have this release. Was it taken down? Pin another one."


def _finding_told(finding: Finding, entry: Acceptance | None) -> str:
    name, *others = finding.ids
    also = f" ({', '.join(others)})" if others else ""
    passing = f"; accepted until {entry.until}: {entry.reason}" if entry else ""
    return f"{finding.package} {finding.version} ({finding.where}): {name}{also}, {finding.remedy}{passing}"


if __name__ == "__main__":
    sys.exit(main())
