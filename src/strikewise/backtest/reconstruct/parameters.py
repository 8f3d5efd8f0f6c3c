"""The fitted numbers of reconstruction, as the package carries them and as `calibrate` writes them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from strikewise.backtest.reconstruct.anchors import FrontSlope
from strikewise.backtest.reconstruct.quoting import SPREAD_FEATURES, SpreadLaw
from strikewise.backtest.reconstruct.smile import FEATURES, SHAPES, SmileModel
from strikewise.backtest.reconstruct.surface import SurfaceParameters
from strikewise.backtest.reconstruct.variance_time import DayWeights
from strikewise.domain.errors import SettingsError

__all__ = ["Fitted", "fitted", "read_fitted"]

PACKAGED = Path(__file__).with_name("fitted.json")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a calibration found.

    Attributes
    ----------
    name : str
        Stands in the source of every chain made with it: other numbers take another name.
    surface : SurfaceParameters
        Volatilities.
    spread : SpreadLaw
        Half-spreads.
    """

    name: str
    surface: SurfaceParameters
    spread: SpreadLaw

    def as_dict(self) -> dict[str, Any]:
        """Return what `read_fitted` reads."""
        surface = self.surface
        smile = {
            shape: dict(zip(FEATURES, row, strict=True))
            for shape, row in zip(SHAPES, surface.model.coefficients.round(5).tolist(), strict=True)
        }
        spread = dict(zip(SPREAD_FEATURES, self.spread.coefficients.round(5).tolist(), strict=True))
        return {
            "name": self.name,
            "smile": smile,
            "day_weights": {name: round(value, 5) for name, value in asdict(surface.weights).items()},
            "front": {name: round(value, 5) for name, value in asdict(surface.front).items()},
            "half_spread": spread,
        }

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")


def _number(raw: object) -> float:
    if not isinstance(raw, int | float) or not np.isfinite(raw):
        raise ValueError(f"{raw!r} is no number")
    return float(raw)


def read_fitted(path: Path) -> Fitted:
    """Read fitted numbers from a file.

    Raises
    ------
    SettingsError
        If the file cannot be read or lacks a number.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        smile = np.array([[_number(raw["smile"][shape][name]) for name in FEATURES] for shape in SHAPES])
        spread = np.array([_number(raw["half_spread"][name]) for name in SPREAD_FEATURES])
        weights = {name: _number(value) for name, value in raw["day_weights"].items()}
        front = {name: _number(value) for name, value in raw["front"].items()}
        surface = SurfaceParameters(SmileModel(smile), DayWeights(**weights), FrontSlope(**front))
        return Fitted(str(raw["name"]), surface, SpreadLaw(spread))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"The calibration in {path} cannot be used ({error}): write it anew with data calibrate."
        ) from error


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """Return the numbers that come with the package."""
    return read_fitted(PACKAGED)
