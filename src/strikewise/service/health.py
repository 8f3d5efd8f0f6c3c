"""What may be asked about the installation itself, and what the codes it prints mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from strikewise.domain.denials import DenialCode
from strikewise.portfolio.ledger import verify
from strikewise.pricing.backend import DEFAULT, numba_available
from strikewise.service.system import System

__all__ = ["DENIALS", "pricing_kernels", "verify_ledger"]

DENIALS: Mapping[str, str] = MappingProxyType({code.value: code.meaning for code in DenialCode})
"""What each denial code means, in a sentence."""


def verify_ledger(system: System) -> int:
    """Open the account's ledger, check its whole chain of hashes, and return how many facts it has.

    Raises
    ------
    LedgerError
        If it cannot be opened.
    LedgerCorruptError
        If a fact does not fit the chain.
    """
    with system.ledger() as ledger:
        return verify(ledger.facts()).seq


def pricing_kernels() -> tuple[str, bool]:
    """Return the name of the kernels that price, and whether they are the compiled ones."""
    return DEFAULT.name, numba_available
