"""Take secrets out of what is about to be written down."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["HIDDEN", "Redaction"]

HIDDEN = "***"

_SECRET_NAME = re.compile(
    r"secret|passw|passphrase|token|authorization|cookie|credential|signature|api[-_ ]?key|key[-_ ]?id"
    r"|(^|[-_ ])key$",
    re.IGNORECASE,
)
_ACCOUNT_NAME = re.compile(r"account[-_ ]?(id|number|no)$", re.IGNORECASE)
_SHOWN = 4
"""Characters at the end of an account's id that a person may compare."""

_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://[^:/@\s]*):[^@\s]*@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"([\w-]*(?:secret|password|passwd|token|signature|api[-_]?key|key[-_]?id)[\w-]*[\"']?\s*[=:]\s*[\"']?)"
            r"[^\s\"'&,;]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b[PAC]K[A-Z0-9]{16,28}\b"), HIDDEN),  # a broker's key ids
    (re.compile(r"\b\d{8,12}:[\w-]{30,}"), HIDDEN),  # a messenger's bot
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a signed web token
)


class Redaction:
    """Values without secrets: those that are known, those of telling names, and those of a known form.

    Parameters
    ----------
    secrets : iterable of str
        Secrets that are known, such as a key that was read; empty ones count for nothing.
    accounts : iterable of str
        Ids of accounts: of these the last characters stay.
    """

    def __init__(self, secrets: Iterable[str] = (), accounts: Iterable[str] = ()) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._accounts = sorted({account for account in accounts if account}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for account in self._accounts:
            text = text.replace(account, _shortened(account))
        for form, instead in _IN_TEXT:
            text = form.sub(instead, text)
        return text

    def value(self, value: Any, name: str = "") -> Any:
        """Return a value as JSON can hold it, without secrets, given the name under which it stands."""
        if _SECRET_NAME.search(name) and value is not None:
            return HIDDEN
        if _ACCOUNT_NAME.search(name) and isinstance(value, str | int):
            return _shortened(str(value))
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, name) for inner in value]
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))


def _shortened(account: str) -> str:
    return f"…{account[-_SHOWN:]}" if len(account) > 2 * _SHOWN else HIDDEN
