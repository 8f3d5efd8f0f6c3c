"""Where feeds are asked, unless the settings name another place."""

from __future__ import annotations

__all__ = ["CBOE_URL"]

CBOE_URL = "https://cdn.cboe.com/api/global/delayed_quotes/options/{symbol}.json"
