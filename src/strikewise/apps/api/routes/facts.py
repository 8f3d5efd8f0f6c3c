"""``/facts``: the ledger itself, and what a fact goes back to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from strikewise.apps.api.answers import After, Limit, Listed, json_lines, listed, number_of, wants_lines
from strikewise.apps.api.reading import Reading
from strikewise.service.views.facts import FactView, fact_at, fact_lineage, fact_view, facts_after

__all__ = ["router"]

router = APIRouter(prefix="/facts", tags=["facts"])

Number = Annotated[int, Path(ge=1, le=2**62)]


@router.get("", summary="Facts in order", response_model=Listed[FactView])
def facts(
    reader: Reading,
    request: Request,
    limit: Limit = 100,
    after: Annotated[int, Query(ge=-(2**31), le=2**62, description="Negative counts from the end.")] = 0,
    kind: Annotated[list[str] | None, Query(description="Only these kinds.")] = None,
    actor: Annotated[str, Query(max_length=200)] = "",
    newest: Annotated[bool, Query(description="The newest first.")] = False,
    cursor: After = None,
) -> Response | Listed[FactView]:
    """Return facts numbered above ``after``, with their payloads; those of the next page by ``cursor``."""
    number = number_of(cursor)
    first = after if number is None or newest else number
    with reader.ledger() as ledger:
        found = facts_after(
            ledger,
            first,
            limit=limit + 1,
            kinds=kind or (),
            actor=actor,
            before=number if newest else None,
            newest=newest,
        )
    page = listed(found, limit, lambda one: str(one.seq))
    return json_lines(page, FactView) if wants_lines(request) else page


@router.get("/{seq}", summary="A fact")
def fact(reader: Reading, seq: Number) -> FactView:
    """Return one fact."""
    with reader.ledger() as ledger:
        return fact_view(fact_at(ledger, seq))


@router.get("/{seq}/lineage", summary="What a fact goes back to")
def lineage(reader: Reading, seq: Number) -> Listed[FactView]:
    """Return a fact, all it goes back to, and what it brought about at once."""
    with reader.ledger() as ledger:
        return Listed(items=list(fact_lineage(ledger, seq)))
