"""What the pages show can be followed, typed and run."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import typer

from shared_data import REPOSITORY
from strikewise.apps.cli.main import app
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.documents import Table
from strikewise.bootstrap.spec_file import SpecDocument, make_spec

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TITLED = re.compile(r'^```toml title="(?P<name>[\w./-]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(strikewise [^`]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PLACEHOLDERS = {"COMMAND"}
REFUSALS = (typer.TyperException, LookupError)


def fences(page: Path, language: str) -> Iterator[str]:
    """Yield the blocks of a language."""
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        if found["language"] == language:
            yield found["text"]


def command_lines(page: Path) -> Iterator[str]:
    """Yield the lines a reader is told to type."""
    text = page.read_text(encoding="utf-8")
    for block in (*fences(page, "console"), *fences(page, "")):
        shown = [line.removeprefix("$ ") for line in block.splitlines()]
        typed = (line.partition("  #")[0].strip() for line in shown)
        yield from (line for line in typed if line.startswith("strikewise "))
    yield from INLINE.findall(FENCE.sub("", text))


def parsed(line: str) -> None:
    """Parse a command line as the program would; raise where it would refuse it."""
    command: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    if words[0] == "--home":
        words = words[2:]
    while hasattr(command, "commands"):
        name = words.pop(0)
        if name not in command.commands:
            raise LookupError(f"There is no command {name}.")
        command = command.commands[name]
    if words:  # without any, the line only names the command
        command.make_context(command.name, words)


def test_every_link_leads_somewhere(pages: list[Path]) -> None:
    broken = []
    for page in pages:
        for found in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
            target, _, anchor = found["target"].partition("#")
            if "://" in target:
                continue
            place = (page.parent / target).resolve() if target else page
            if not place.exists() or (anchor and anchor not in anchors(place)):
                broken.append(f"{page.name}: {found['target']}")
    assert not broken


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def test_every_command_line_is_one_that_the_program_takes(
    pages: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for page in pages:  # what a page lets its reader write, its commands may name
        for found in TITLED.finditer(page.read_text(encoding="utf-8")):
            file = tmp_path / found["name"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(found["text"], encoding="utf-8")
    lines = [line for page in pages for line in command_lines(page) if not PLACEHOLDERS & set(line.split())]
    assert len(lines) > 20
    refused = []
    for line in lines:
        try:
            parsed(line)
        except REFUSALS as error:
            refused.append(f"{line}: {error}")
    assert not refused


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    for line in ("strikewise bactest a.toml", "strikewise scan --tops 3"):
        with pytest.raises(REFUSALS):
            parsed(line)


def test_every_block_of_toml_is_a_sound_specification_or_sound_settings(pages: list[Path]) -> None:
    blocks = [(page, text) for page in pages for text in fences(page, "toml")]
    assert len(blocks) > 3
    for page, text in blocks:
        document = tomllib.loads(text)
        if "underlyings" in document:
            make_spec(document, where=page.name)
        else:
            Settings.model_validate(document)


def test_the_annotated_specification_says_every_key_with_its_default() -> None:
    page = REPOSITORY / "docs" / "how-to" / "write-a-specification.md"
    shortest, whole, governed = (tomllib.loads(text) for text in fences(page, "toml"))
    # A governor watches only where its table stands: it is shown by itself, its keys with the settings.
    expected = [key for key in keys_of_table(SpecDocument) if not key.startswith("governor.")]
    assert sorted(keys_of(whole)) == sorted(expected)
    assert list(governed) == ["governor"]
    named = {**shortest, "name": whole["name"], "strategies": whole["strategies"]}
    assert make_spec(whole).run.document == make_spec(named).run.document
    assert make_spec(named).run.document["strategies"][0] == make_spec(shortest).run.document["strategies"][0]


def keys_of(document: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of a document; tables with names of the writer's own are one key."""
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from keys_of(value[0], f"{prefix}{key}.")
        elif isinstance(value, dict) and key not in {"parameters", "by_strategy", "weights", "by_regime"}:
            yield from keys_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def keys_of_table(table: type[Table], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys that a table may have."""
    for key, field in table.model_fields.items():
        several = get_origin(field.annotation) is not dict
        kinds = (field.annotation, *(get_args(field.annotation) if several else ()))
        inner = next((one for one in kinds if isinstance(one, type) and issubclass(one, Table)), None)
        if inner is None:
            yield f"{prefix}{key}"
        else:
            yield from keys_of_table(inner, f"{prefix}{key}.")


def test_every_page_of_the_documentation_is_in_its_menu() -> None:
    menu = set(re.findall(r"[\w/-]+\.md", (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")))
    docs = REPOSITORY / "docs"
    assert menu == {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}


def test_no_page_names_a_place_of_somebodys_machine(pages: list[Path]) -> None:
    named = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users)/")
    assert not [page.name for page in pages if named.search(page.read_text(encoding="utf-8"))]
