"""Where the shared market data of development lies, for tests marked ``shared``."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("STRIKEWISE_SHARED", REPOSITORY.parent / "shared"))
DATA = SHARED / "data"
CHAINS = DATA / "chains"
