"""The page of the JSON contract names every key that commands print, and no command is left out."""

from __future__ import annotations

import re
from types import UnionType
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from apps.json_contract import CONTRACTS
from shared_data import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z_0-9]+)`", PAGE))


def keys(model: type[BaseModel]) -> set[str]:
    """Return the keys of a model and of all models in it."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(field.alias or name)
        for inner in models_in(field.annotation):
            found |= keys(inner)
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is not None or isinstance(annotation, UnionType):
        return [model for part in get_args(annotation) for model in models_in(part)]
    return []


@pytest.mark.parametrize("command", CONTRACTS)
def test_the_page_names_every_key_of_a_command(command: str) -> None:
    assert f"\n## {command}\n" in PAGE
    assert keys(CONTRACTS[command]) - NAMED == set()


def test_keys_of_inner_objects_are_looked_for_too() -> None:
    assert {"score", "ratio", "strike"} <= keys(CONTRACTS["scan"])
    assert "return" in keys(CONTRACTS["backtest"])
