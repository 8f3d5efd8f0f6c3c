"""What an HTML page would load from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser

LOADS = {"src", "srcset", "data", "poster", "href"}


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.found += [f"{tag} {name}={value}" for name, value in attrs if name in LOADS]


def loaded_from_elsewhere(page: str) -> list[str]:
    """Return each element of a page that names another file."""
    reader = _Loads()
    reader.feed(page)
    return reader.found
