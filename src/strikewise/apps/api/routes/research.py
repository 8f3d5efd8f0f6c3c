"""``/scan``, ``/backtests`` and ``/jobs``: what is worth opening, what the past says, and long work."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from strikewise.apps.api.answers import After, Limit, Listed, number_of, paged
from strikewise.apps.api.commands import Commander, Commanding
from strikewise.apps.api.plain import plain
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import FOR_EVER, Reading
from strikewise.apps.api.runs_told import Compared, RunFigures, RunSummary, RunTold, RunYear
from strikewise.apps.api.scan_told import JobTold
from strikewise.apps.reports.backtest_report import render_backtest
from strikewise.bootstrap.spec_file import make_spec, parse_spec
from strikewise.service.commands import run_over_history
from strikewise.service.jobs import Job, Jobs, Work
from strikewise.service.queries import find_opportunities, kept_run
from strikewise.service.system import Progress
from strikewise.service.views.strategies import StrategyView, strategies_view

__all__ = ["router"]

router = APIRouter(tags=["research"])

REPORT_CSP = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; frame-ancestors 'none'; base-uri 'none'"
)
"""A report carries its scripts in itself: it may run them where it reaches nothing of ours."""
Fingerprint = Annotated[str, Path(pattern=r"^[0-9a-f]{4,64}$", examples=["1f3a77c090be0b2c"])]


class Body(BaseModel):
    """What is asked for; unknown words are refused."""

    model_config = ConfigDict(extra="forbid")


class ScanBody(Body):
    """What to look at, and whom to ask; all if empty."""

    underlyings: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Z0-9.^_]{1,12}$")]], Field(max_length=50)
    ] = []
    strategies: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = []
    as_of: date | None = None


class BacktestBody(Body):
    """A specification: as an object, or as the text of a TOML file of one."""

    spec: dict[str, Any] | None = Field(
        default=None,
        examples=[
            {
                "name": "Bull puts on SPY",
                "underlyings": ["SPY"],
                "start": "2026-07-22",
                "end": "2026-08-21",
                "strategies": [{"strategy": "credit_spread", "parameters": {"side": "put"}}],
            }
        ],
    )
    toml: Annotated[str, Field(max_length=100_000)] | None = None
    other_fills: bool = False


async def _jobs_of(request: Request) -> Jobs:
    return cast("Jobs", request.state.jobs)


Working = Annotated[Jobs, Depends(_jobs_of)]


def _begun(command: Commander, jobs: Jobs, kind: str, said: BaseModel, work: Work) -> Job:
    """Begin work, or return that which was begun with the same key, unless it is forgotten here."""

    def begin() -> Job:
        job = jobs.begin(kind, command.name, work)
        if job is None:
            raise ProblemError(429, "Too much work waits already: ask again when some of it is done.")
        return job

    return command.once(
        begin,
        Job,
        said.model_dump(mode="json"),
        look="GET /api/v1/jobs",
        harmless=True,
        now=lambda begun: jobs.get(begun.job_id),
    )


@router.get("/jobs", summary="Work that takes long", response_model=Listed[JobTold])
def jobs(working: Working, limit: Limit = 50, cursor: After = None) -> Listed[Job]:
    """Return what was begun of late, newest first, without what it came to."""
    return paged(list(working.all()), limit, cursor)


@router.get("/jobs/{job_id}", summary="A piece of work", response_model=JobTold)
def job(working: Working, job_id: Annotated[str, Path(max_length=60)]) -> Job:
    """Return how far a piece of work is, and what it came to."""
    found = working.get(job_id)
    if found is None:
        raise ProblemError(404, f"There is no job {job_id!r}.")
    return found


@router.get("/scan", summary="The last scan", response_model=JobTold | None)
def last_scan(working: Working) -> Job | None:
    """Return the last scan that was asked for here; nothing where there was none."""
    return working.latest("scan")


@router.post("/scan", status_code=202, summary="Look for what is worth opening", response_model=JobTold)
def scan(reader: Reading, working: Working, command: Commanding, body: ScanBody) -> Job:
    """Begin a scan; its result is that of `strikewise scan --json`."""
    system = reader.system

    def work(tell: Progress) -> dict[str, Any]:
        tell("look for what is worth opening", 0, 0)
        with reader.market(FOR_EVER):
            found = find_opportunities(
                system,
                as_of=body.as_of or _come_to(reader),
                underlyings=body.underlyings,
                strategies=body.strategies,
            )
        return cast("dict[str, Any]", plain(found.as_dict()))

    return _begun(command, working, "scan", body, work)


def _come_to(reader: Reading) -> datetime | None:
    """Return the instant that a replay has come to: what is stored goes on. None elsewhere."""
    beat, picture = reader.system.heartbeat(), reader.picture()
    replayed = beat is not None and beat.mode == "replay"
    return picture.at if replayed and picture is not None else None


@router.get("/strategies", summary="The strategies there are")
def strategies(reader: Reading) -> Listed[StrategyView]:
    """Return every strategy with its parameters, their defaults, bounds and units."""
    return Listed(items=list(strategies_view(reader.system.strategies)))


@router.get("/backtests", summary="Kept runs, latest first")
def backtests(reader: Reading, limit: Limit = 50, cursor: After = None) -> Listed[RunSummary]:
    """Return the runs over the past that were kept."""
    first = number_of(cursor) or 0
    names = reader.system.runs.fingerprints()
    for name in names[first : first + limit]:
        if name not in reader.runs:  # a run never changes under its fingerprint, and is large to read
            reader.runs[name] = _summary(kept_run(reader.system, name))
    found = [reader.runs[name] for name in names[first : first + limit]]
    more = first + limit < len(names)
    return Listed(items=found, next=str(first + limit) if more else None)


@router.post(
    "/backtests", status_code=202, summary="Run a specification over the past", response_model=JobTold
)
def backtest(reader: Reading, working: Working, command: Commanding, body: BacktestBody) -> Job:
    """Begin a run; it tells how far it is, and is kept when it is done."""
    if (body.spec is None) == (body.toml is None):
        raise ProblemError(422, "Give the specification as `spec` or as `toml`, one of the two.")
    spec = make_spec(body.spec or {}) if body.toml is None else parse_spec(body.toml)
    system = reader.system

    def work(tell: Progress) -> dict[str, Any]:
        finished = run_over_history(system, spec, other_fills=body.other_fills, progress=tell)
        return cast("dict[str, Any]", plain(_summary(finished.as_dict()).model_dump(mode="json")))

    return _begun(command, working, "backtest", body, work)


@router.get("/backtests/compare", summary="Runs side by side")
def compare(
    reader: Reading,
    runs: Annotated[
        str, Query(pattern=r"^[0-9a-f]{4,64}(,[0-9a-f]{4,64}){1,9}$", examples=["1f3a77c0,90be0b2c"])
    ],
) -> Compared:
    """Return two to ten runs with their years and equity curves."""
    found = [kept_run(reader.system, name) for name in dict.fromkeys(runs.split(","))]
    return Compared(
        runs=[_summary(one) for one in found],
        years=[[RunYear.model_validate(year) for year in plain(one["years"])] for one in found],
        equity=[plain(one["equity"]) for one in found],
    )


@router.get("/backtests/{fingerprint}", summary="A kept run", response_model=RunTold)
def kept(reader: Reading, fingerprint: Fingerprint) -> Response:
    """Return a run as `strikewise backtest --json` prints it."""
    return JSONResponse(plain(dict(kept_run(reader.system, fingerprint))))


@router.get("/backtests/{fingerprint}/report", summary="A kept run's page", response_class=HTMLResponse)
def report(reader: Reading, fingerprint: Fingerprint) -> Response:
    """Return the report of a run: one page that reaches nothing else."""
    page = render_backtest(kept_run(reader.system, fingerprint))
    return HTMLResponse(page, headers={"Content-Security-Policy": REPORT_CSP})


def _summary(result: Any) -> RunSummary:
    return RunSummary(
        fingerprint=result["fingerprint"],
        title=result["title"],
        grade=result["grade"],
        spec=plain(result["spec"]),
        summary=RunFigures.model_validate(plain(result["summary"])),
    )
