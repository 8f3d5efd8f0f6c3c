"""What processes say while they run, printed as lines for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.text import Text

from strikewise.apps.cli.session import Session

__all__ = ["STYLES", "aloud"]

STYLES = {"info": "", "warning": "yellow", "error": "red", "critical": "bold red"}
"""How lines of each level look."""


def aloud(session: Session) -> Callable[[str, str, Mapping[str, object]], None]:
    """Return what prints the lines a process says."""

    def say(level: str, event: str, pairs: Mapping[str, object]) -> None:
        line = Text(event.replace("_", " "), style=STYLES.get(level, ""))
        for name, value in pairs.items():
            line.append(f"  {name}=", style="dim")
            line.append(str(value))
        session.err.print(line, soft_wrap=True)

    return say
