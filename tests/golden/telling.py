"""What a golden file says of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from strikewise.portfolio.ledger import Fact, fingerprint

TRADING = ("OrderPlaced", "OrderFilled", "OrderClosed", "OptionSettled")


def told(facts: Sequence[Fact]) -> dict[str, object]:
    """Return what the golden file says of a run."""
    trades = sha256("\n".join(fact.payload for fact in facts if fact.kind in TRADING).encode())
    last = json.loads(facts[-1].payload)
    return {
        "fingerprint": fingerprint(facts),
        "trades": trades.hexdigest(),
        "facts": len(facts),
        "fills": sum(fact.kind == "OrderFilled" for fact in facts),
        "equity_exit_cents": last["equity_exit_cents"],
    }
