"""Draw what a structure earns over prices of its underlying: a small SVG that reads by day and by night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

__all__ = ["Payoff", "drawn"]

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 760.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 78.0, 18.0, 58.0, 68.0

STYLE = """
.card{fill:#ffffff;stroke:#d8dee4}.grid{stroke:#e6eaef}.zero{stroke:#57606a;stroke-width:1.4}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#424a53}
.strong{fill:#1f2328;font-weight:600}.gain{fill:#1a7f37;fill-opacity:.16}
.loss{fill:#cf222e;fill-opacity:.14}.end{stroke:#0b5cad;stroke-width:2.4;fill:none}
.now{stroke:#bc4c00;stroke-width:2;stroke-dasharray:6 4;fill:none}
.spot{stroke:#8c959f;stroke-dasharray:2 3}.band{fill:#8c959f;fill-opacity:.14}
.even{fill:#ffffff;stroke:#0b5cad;stroke-width:2}.bought{fill:#1a7f37}.sold{fill:#cf222e}
@media (prefers-color-scheme:dark){.card{fill:#161b22;stroke:#30363d}.grid{stroke:#262c34}
.zero{stroke:#9aa4af}text{fill:#b6bfc9}.strong{fill:#f0f3f6}.gain{fill:#3fb950;fill-opacity:.20}
.loss{fill:#f85149;fill-opacity:.20}.end{stroke:#6cb6ff}.now{stroke:#f0a35e}.spot{stroke:#7d8590}
.band{fill:#9aa4af;fill-opacity:.14}.even{fill:#161b22;stroke:#6cb6ff}.bought{fill:#3fb950}
.sold{fill:#f85149}}
"""
"""Light, and dark where the reader's system is; the card of its own reads on a page of either kind."""


@dataclass(frozen=True)
class Payoff:
    """What is drawn; profits in dollars for one unit.

    Attributes
    ----------
    title : str
        What the structure is.
    spots : (n,)
        Prices of the underlying, ascending.
    end, now : (n,)
        Profit at the first expiration, and if the price were there at once.
    ending : str
        What ``end`` is called.
    spot, deviation : float
        Price of the underlying now, and one standard deviation of it to that expiration.
    breakevens : sequence of float
        Where ``end`` crosses zero.
    strikes : sequence of (float, int)
        Each with the contracts bought (positive) or sold there.
    """

    title: str
    spots: Floats
    end: Floats
    now: Floats
    ending: str
    spot: float
    deviation: float
    breakevens: Sequence[float]
    strikes: Sequence[tuple[float, int]]


def drawn(payoff: Payoff) -> str:
    """Return the picture as SVG text; the same payoff gives the same bytes."""
    frame = _Frame.of(payoff)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{_escaped(payoff.title)}: profit over the price of the underlying">',
        f"<style>{STYLE.strip()}</style>",
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1:g}" height="{HEIGHT - 1:g}" rx="8"/>',
        *_grid(frame),
        *_areas(frame, payoff),
        *_curves(frame, payoff),
        *_marks(frame, payoff),
        *_legend(payoff),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@dataclass(frozen=True)
class _Frame:
    low: float
    high: float
    bottom: float
    top: float

    @classmethod
    def of(cls, payoff: Payoff) -> _Frame:
        both = np.concatenate([payoff.end, payoff.now, [0.0]])
        bottom, top = float(both.min()), float(both.max())
        room = 0.08 * (top - bottom or 1.0)
        return cls(float(payoff.spots[0]), float(payoff.spots[-1]), bottom - room, top + room)

    def x(self, price: float) -> float:
        return LEFT + (price - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def y(self, profit: float) -> float:
        return TOP + (self.top - profit) / (self.top - self.bottom) * (HEIGHT - TOP - BOTTOM)


def _grid(frame: _Frame) -> Iterator[str]:
    for value in _ticks(frame.bottom, frame.top, 5):
        y = frame.y(value)
        name = "zero" if value == 0.0 else "grid"
        yield f'<path class="{name}" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>'
        yield f'<text x="{LEFT - 8:g}" y="{y + 4.5:.1f}" text-anchor="end">{_dollars(value)}</text>'
    for value in _ticks(frame.low, frame.high, 7):
        x = frame.x(value)
        yield f'<path class="grid" d="M{x:.1f} {HEIGHT - BOTTOM:g}v5"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 32:g}" text-anchor="middle">{value:g}</text>'


def _areas(frame: _Frame, payoff: Payoff) -> Iterator[str]:
    left, right = (
        min(max(payoff.spot + side * payoff.deviation, frame.low), frame.high) for side in (-1.0, 1.0)
    )
    x, wide = frame.x(left), frame.x(right) - frame.x(left)
    tall = HEIGHT - TOP - BOTTOM
    yield f'<rect class="band" x="{x:.1f}" y="{TOP:g}" width="{wide:.1f}" height="{tall:g}"/>'
    closed = f"L{frame.x(frame.high):.1f} {frame.y(0.0):.1f}H{frame.x(frame.low):.1f}Z"
    for name, shown in (("gain", np.maximum(payoff.end, 0.0)), ("loss", np.minimum(payoff.end, 0.0))):
        line = _path(frame, payoff.spots, shown)
        yield f'<path class="{name}" d="{line}{closed}"/>'


def _curves(frame: _Frame, payoff: Payoff) -> Iterator[str]:
    x = frame.x(payoff.spot)
    yield f'<path class="spot" d="M{x:.1f} {TOP:g}V{HEIGHT - BOTTOM:g}"/>'
    yield f'<text x="{x:.1f}" y="{TOP - 7:g}" text-anchor="middle">now {payoff.spot:g}</text>'
    yield f'<path class="now" d="{_path(frame, payoff.spots, payoff.now)}"/>'
    yield f'<path class="end" d="{_path(frame, payoff.spots, payoff.end)}"/>'


def _marks(frame: _Frame, payoff: Payoff) -> Iterator[str]:
    for edge in payoff.breakevens:
        if frame.low < edge < frame.high:
            yield f'<circle class="even" cx="{frame.x(edge):.1f}" cy="{frame.y(0.0):.1f}" r="4.5"/>'
    floor_y = HEIGHT - BOTTOM
    both = {strike for strike, many in payoff.strikes if many > 0 and (strike, -many) in payoff.strikes}
    for strike, contracts in payoff.strikes:
        if frame.low < strike < frame.high:
            x, up = frame.x(strike), contracts > 0
            x += (6.0 if up else -6.0) if strike in both else 0.0
            tip, base = (floor_y + 7, floor_y + 16) if up else (floor_y + 16, floor_y + 7)
            name = "bought" if up else "sold"
            yield f'<path class="{name}" d="M{x:.1f} {tip:g}L{x - 5:.1f} {base:g}h10Z"/>'


def _legend(payoff: Payoff) -> Iterator[str]:
    yield f'<text class="strong" x="14" y="24">{_escaped(payoff.title)}</text>'
    y = HEIGHT - 12
    items = (
        ('<path class="end" d="M{x:g} {m:g}h26"/>', payoff.ending, 32),
        ('<path class="now" d="M{x:g} {m:g}h26"/>', "at entry", 32),
        ('<circle class="even" cx="{x5:g}" cy="{m:g}" r="4.5"/>', "breakeven", 16),
        ('<path class="bought" d="M{x5:g} {a:g}l-5 9h10Z"/>', "bought", 16),
        ('<path class="sold" d="M{x5:g} {b:g}l-5 -9h10Z"/>', "sold", 16),
        ('<rect class="band" x="{x:g}" y="{a:g}" width="14" height="10"/>', "one standard deviation", 20),
    )
    x = 14.0
    for shape, text, room in items:
        yield shape.format(x=x, x5=x + 5, m=y - 4.5, a=y - 9, b=y)
        yield f'<text x="{x + room:g}" y="{y:g}">{_escaped(text)}</text>'
        x += room + 6.9 * len(text) + 16.0


def _path(frame: _Frame, spots: Floats, profits: Floats) -> str:
    points = (f"{frame.x(float(s)):.1f} {frame.y(float(p)):.1f}" for s, p in zip(spots, profits, strict=True))
    return "M" + "L".join(points)


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Return round numbers between two ends."""
    raw = (high - low) / about
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * many for many in (1, 2, 2.5, 5, 10) if unit * many >= raw)
    first = np.ceil(low / step) * step
    return [float(round(value, 9)) + 0.0 for value in np.arange(first, high, step)]


def _dollars(value: float) -> str:
    sign = "−" if value < 0 else ""
    return f"{sign}${abs(value):,.0f}" if isfinite(value) else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
