"""A home whose account is traded over its stored past: settings that let much through, and many orders."""

from __future__ import annotations

import shutil
from pathlib import Path

from strikewise.backtest.demo_data import DEMO_UNDERLYING

SETTINGS = f"""\
[account]
capital = 250_000

[run]
underlyings = ["{DEMO_UNDERLYING}"]
strategies = ["iron_condor"]

[limits]
max_positions = 200
max_new_per_day = 200
max_per_underlying = 200
max_per_strategy = 200
max_at_risk = 1.0
max_margin = 1.0

[governor]
position_loss = 0
position_loss_premiums = 0
daily_loss = 0.5
day_drawdown = 0.5
max_value_at_risk = 1.0
max_sector = 1.0
max_delta = 1.0
max_gamma = 1.0
max_vega = 1.0
max_notional = 1_000_000
repeated_losses = 1_000
loss_streak = 1_000
strategy_drawdown = 1.0
blackouts = {{}}

[strategies.iron_condor]
width = 50.0
"""

SPEC = f"""\
underlyings = ["{DEMO_UNDERLYING}"]
start = 2018-01-02
end = 2018-02-16
capital = 250_000
account = "main"

[limits]
max_positions = 200
max_new_per_day = 200
max_per_underlying = 200
max_per_strategy = 200
max_at_risk = 1.0
max_margin = 1.0

[[strategies]]
strategy = "iron_condor"
parameters = {{ width = 50.0 }}
"""


def make(home: Path, market: Path) -> Path:
    """Copy a home's market, and set it up to be traded."""
    shutil.copytree(market, home, ignore=shutil.ignore_patterns("runs", "*.db*"))
    (home / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    return home
