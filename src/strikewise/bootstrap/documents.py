"""TOML documents into checked models: unknown keys are errors, with the nearest known one named."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, create_model, field_validator

from strikewise.domain.errors import ParameterError, SettingsError

M = TypeVar("M", bound=BaseModel)


class Table(BaseModel):
    """A table of a document; refuses keys it does not know, and numbers that are none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false where a number stands: they would pass for one and nought."""
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and kind in {int, float}:
            raise ValueError("must be a number")
        return value


def table_of(frozen: type, **changed: tuple[Any, Any]) -> type[BaseModel]:
    """Return the model of a document table that has exactly a dataclass's fields and defaults.

    Parameters
    ----------
    frozen : type
        A frozen dataclass of an inner floor.
    **changed : (type, default)
        Fields the document writes differently.
    """
    if not is_dataclass(frozen):
        raise TypeError(f"{frozen.__name__} is no dataclass.")
    hints = get_type_hints(frozen)
    columns: dict[str, Any] = {
        item.name: (hints[item.name], ... if item.default is MISSING else item.default)
        for item in fields(frozen)
        if item.init and item.default_factory is MISSING
    }
    return create_model(f"{frozen.__name__}Table", __base__=Table, **{**columns, **changed})


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    SettingsError
        If it is not there or not TOML; the message names line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"There is no file {path}: give the path of a TOML file.") from None
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}): give the path of a TOML file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None


@contextmanager
def told_of(where: str) -> Iterator[None]:
    """Put the place before what is refused inside: which file or table is to be mended."""
    try:
        yield
    except (ParameterError, SettingsError) as error:
        raise SettingsError(f"{where}: {error}") from None


def check(model: type[M], document: Mapping[str, Any], where: str) -> M:
    """Return a document as its model.

    Raises
    ------
    SettingsError
        Naming each key that is unknown (with the nearest known one) or wrong, and what it must be.
    """
    with told_of(where):
        try:
            return model.model_validate(document)
        except ValidationError as error:
            problems = [_problem(model, dict(item)) for item in error.errors()]
            raise SettingsError(" ".join(problems)) from None


def _problem(model: type[BaseModel], item: Mapping[str, Any]) -> str:
    location = [str(part) for part in item["loc"]]
    name = ".".join(location)
    if item["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        near = get_close_matches(location[-1], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}."
        return f"unknown key {name!r}: {hint}"
    if item["type"] == "missing":
        return f"the key {name!r} is missing."
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{name!r}: {message}; was {item['input']!r}."


def _fields_at(model: type[BaseModel], location: Iterable[str]) -> list[str]:
    here = model
    for part in location:
        if part.isdigit() or part not in here.model_fields:
            continue
        inner: Any = here.model_fields[part].annotation
        inner = next((a for a in getattr(inner, "__args__", ()) if _is_model(a)), inner)
        if _is_model(inner):
            here = inner
    return sorted(here.model_fields)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
