"""``/settings``: the settings file, checked and compared before it is replaced, and taken up in flight."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from strikewise.apps.api.commands import address_of
from strikewise.apps.api.door import Admin, At
from strikewise.apps.api.plain import plain
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reader, Reading
from strikewise.bootstrap.reloading import needs_restart
from strikewise.bootstrap.settings_file import Checked, SettingsFile
from strikewise.service.errors import StrikewiseError
from strikewise.service.requests import SettingsRequested, ask

__all__ = ["router"]

router = APIRouter(prefix="/settings", tags=["settings"])

Toml = Annotated[str, Field(max_length=100_000)]


class Body(BaseModel):
    """What is said; unknown words are refused."""

    model_config = ConfigDict(extra="forbid")


class Running(BaseModel):
    """What the process that trades goes by.

    Attributes
    ----------
    current : bool
        Whether it has taken up the file as it is now.
    digest : str
        Of the file that it took up last; empty where it keeps the settings that it began with.
    since : datetime
        When it did, or when it began.
    by : str
        Who saved them: ``person:`` and a name, or ``settings`` for a hand in the file; empty where it began
        with them.
    restart : list of str
        Settings that were saved and wait for its next start.
    """

    current: bool
    digest: str
    since: datetime
    by: str = ""
    restart: list[str] = Field(default_factory=list, examples=[["broker.name"]])


class SettingsView(BaseModel):
    """The settings: the file's text without passwords, all values in force, their schema, and a digest.

    ``running`` says what the process that trades goes by; it is null where none runs.
    """

    toml: str
    values: dict[str, Any]
    json_schema: dict[str, Any]
    digest: str
    running: Running | None = None


class CheckBody(Body):
    """A text that might become the settings."""

    toml: Toml


class PutBody(CheckBody):
    """A text that is to become the settings, and the digest of those it was made from."""

    digest: Annotated[str, Field(max_length=64)]


class ChangeView(BaseModel):
    """A setting that differs; ``dangerous`` ones take the password just now, ``restart`` ones a restart."""

    name: str
    before: Any = None
    after: Any = None
    dangerous: bool
    restart: bool = False


class CheckView(BaseModel):
    """What a text would come to: why it cannot be used, or what would differ."""

    problems: list[str]
    changes: list[ChangeView]
    dangerous: bool


class SavedView(CheckView):
    """What was saved, and the number of the request by which the process that trades takes it up.

    ``request`` is null where the ledger did not take the request; the process looks at the file all the same.
    """

    request: int | None = None


async def _file_of(request: Request) -> SettingsFile:
    return cast("SettingsFile", request.state.settings)


File = Annotated[SettingsFile, Depends(_file_of)]


@router.get("", summary="The settings")
def settings(reader: Reading, file: File) -> SettingsView:
    """Return the settings in force, without passwords."""
    digest = file.digest()
    return SettingsView(
        toml=file.text(),
        values=plain(file.values()),
        json_schema=file.schema(),
        digest=digest,
        running=_running(reader, digest),
    )


@router.post("/check", summary="Check settings")
def check(file: File, body: CheckBody) -> CheckView:
    """Return why a text cannot become the settings, or what would change."""
    return _view(file.check(body.toml))


@router.put("", summary="Replace the settings")
def put(reader: Reading, door: At, request: Request, caller: Admin, file: File, body: PutBody) -> SavedView:
    """Replace the settings file.

    The server uses it at once, the trading process before its next decision; what that one cannot take up
    while it runs waits for its next start.
    """
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
    return SavedView(**_view(checked).model_dump(), request=_asked(reader, file.digest(), caller.name))


def _asked(reader: Reader, digest: str, name: str) -> int | None:
    """Ask the process that trades to take up what was saved; return the request's number."""
    try:
        return ask(reader.system, SettingsRequested(digest), name).request
    except StrikewiseError:
        return None


def _running(reader: Reader, digest: str) -> Running | None:
    beat = reader.system.heartbeat()
    if beat is None or not reader.status().running:
        return None
    with reader.desk() as desk:
        taken = desk.settings
    if taken is None or taken.digest != beat.settings or taken.at < beat.started_at:
        since, by = beat.started_at, ""
    else:
        since, by = taken.at, taken.actor
    current = beat.settings == digest and not beat.restart
    return Running(current=current, digest=beat.settings, since=since, by=by, restart=list(beat.restart))


def _view(checked: Checked) -> CheckView:
    changes = [
        ChangeView(
            name=one.name,
            before=one.before,
            after=one.after,
            dangerous=one.dangerous,
            restart=needs_restart(one.name),
        )
        for one in checked.changes
    ]
    return CheckView(problems=list(checked.problems), changes=changes, dangerous=checked.dangerous)
