"""What `ledger` says of itself in the JSON that programs may rely on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from apps.json_portfolio import Part

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class LeaseTold(Part):
    account: str
    holder: str
    since: AwareDatetime
    until: AwareDatetime
    held: bool


class LedgerInfo(Part):
    where: str
    revision: str
    facts: Count
    hash: Hash
    first_at: AwareDatetime | None
    last_at: AwareDatetime | None
    bytes: Count
    leases: list[LeaseTold]
    backups: str


class LedgerVerified(Part):
    facts: Count
    hash: Hash


class LedgerBackup(Part):
    path: str
    facts: Count
    hash: Hash


class LedgerRestored(Part):
    facts: Count
    hash: Hash
    added: Count
    aside: str | None


LEDGER: dict[str, type[Part]] = {
    "ledger info": LedgerInfo,
    "ledger verify": LedgerVerified,
    "ledger backup": LedgerBackup,
    "ledger restore": LedgerRestored,
}
