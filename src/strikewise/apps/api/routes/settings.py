"""``/settings``: the settings file, checked and compared before it is replaced; no restart needed."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from strikewise.apps.api.commands import address_of
from strikewise.apps.api.door import Admin, At
from strikewise.apps.api.plain import plain
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reading
from strikewise.bootstrap.settings_file import Checked, SettingsFile

__all__ = ["router"]

router = APIRouter(prefix="/settings", tags=["settings"])

Toml = Annotated[str, Field(max_length=100_000)]


class Body(BaseModel):
    """What is said; unknown words are refused."""

    model_config = ConfigDict(extra="forbid")


class SettingsView(BaseModel):
    """The settings: the file's text without passwords, all values in force, their schema, and a digest."""

    toml: str
    values: dict[str, Any]
    json_schema: dict[str, Any]
    digest: str


class CheckBody(Body):
    """A text that might become the settings."""

    toml: Toml


class PutBody(CheckBody):
    """A text that is to become the settings, and the digest of those it was made from."""

    digest: Annotated[str, Field(max_length=64)]


class ChangeView(BaseModel):
    """A setting that differs; ``dangerous`` ones take the password just now."""

    name: str
    before: Any = None
    after: Any = None
    dangerous: bool


class CheckView(BaseModel):
    """What a text would come to: why it cannot be used, or what would differ."""

    problems: list[str]
    changes: list[ChangeView]
    dangerous: bool


async def _file_of(request: Request) -> SettingsFile:
    return cast("SettingsFile", request.state.settings)


File = Annotated[SettingsFile, Depends(_file_of)]


@router.get("", summary="The settings")
def settings(file: File) -> SettingsView:
    """Return the settings in force, without passwords."""
    return SettingsView(
        toml=file.text(), values=plain(file.values()), json_schema=file.schema(), digest=file.digest()
    )


@router.post("/check", summary="Check settings")
def check(file: File, body: CheckBody) -> CheckView:
    """Return why a text cannot become the settings, or what would change."""
    return _view(file.check(body.toml))


@router.put("", summary="Replace the settings")
def put(reader: Reading, door: At, request: Request, caller: Admin, file: File, body: PutBody) -> CheckView:
    """Replace the settings file; the server uses it at once, the trading process at its next start."""
    checked = file.check(body.toml)
    if checked.problems:
        raise ProblemError(422, " ".join(checked.problems))
    if checked.dangerous and not caller.confirmed:
        names = ", ".join(one.name for one in checked.changes if one.dangerous)
        raise ProblemError(
            403,
            f"This may lose more ({names}): give the password first, POST /session/confirm.",
            kind="confirm",
        )
    file.put(body.toml, body.digest)
    names = " ".join(one.name for one in checked.changes)
    door.access.note(caller.name, address_of(request), "settings", names)
    if checked.dangerous:
        door.access.alarm("DANGER_SAVED", f"{caller.name} saved settings: {names}.")
    reader.use(request.state.rebuilt())
    return _view(checked)


def _view(checked: Checked) -> CheckView:
    changes = [
        ChangeView(name=one.name, before=one.before, after=one.after, dangerous=one.dangerous)
        for one in checked.changes
    ]
    return CheckView(problems=list(checked.problems), changes=changes, dangerous=checked.dangerous)
