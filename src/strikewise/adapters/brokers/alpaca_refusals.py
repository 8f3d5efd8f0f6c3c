"""Alpaca's words for a refusal, put into the vocabulary that all brokers share.

The vendor's codes are few and stand for many things (40310000 is buying power, quantity, approval and wash
trades alike, and a wash trade was 42210000 once), so that its words decide. They stay in the text, with the
code and the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from strikewise.adapters.brokers.alpaca_money import count_of
from strikewise.adapters.brokers.alpaca_wire import Answered, words_of
from strikewise.domain.orders import Rejected
from strikewise.execution.refusals import Refusal, refused

__all__ = ["is_taken", "refusal_of"]

_WORDS: tuple[tuple[str, Refusal], ...] = (
    (r"client[ _-]?order[ _-]?id.*(unique|exists)", Refusal.DUPLICATE_ID),
    (r"too many requests", Refusal.RATE_LIMITED),
    (r"wash trade|while an? \w+ \w+ order is open", Refusal.HELD_BY_ORDER),
    (r"intent mismatch.*specified: (buy|sell)_to_close", Refusal.NOT_HELD),
    (r"insufficient qty|no available position|short position|position does not exist", Refusal.NOT_HELD),
    (r"uncovered|covered call|not (eligible|authorized|allowed|permitted|approved)", Refusal.NOT_APPROVED),
    (r"buying power|insufficient (balance|cash|margin)", Refusal.BUYING_POWER),
    (r"already in|cannot replace|not cancel|not replace|order not found|is not open", Refusal.NOT_OPEN),
    (r"is expired|expires soon|has expired", Refusal.EXPIRED_CONTRACT),
    (r"not found|not tradable|invalid symbol|not active", Refusal.UNKNOWN_CONTRACT),
    (r"market hours|market is closed|outside of", Refusal.MARKET_CLOSED),
    (r"\bprice|increment|penny|\btick", Refusal.BAD_PRICE),
    (r"\bqty|quantity", Refusal.BAD_QUANTITY),
    (r"\blegs?\b|\bratio|intent", Refusal.BAD_LEGS),
    (r"blocked|restricted|suspended|halted|request is not authorized|access key", Refusal.RESTRICTED),
)
"""The first that fits counts."""
_PATTERNS = tuple((re.compile(words, re.IGNORECASE), code) for words, code in _WORDS)


def refusal_of(answer: Answered) -> Rejected:
    """Return a refusal of the vendor's."""
    body: Mapping[str, Any] = answer.body if isinstance(answer.body, Mapping) else {}
    message = str(body.get("message", ""))
    code = next((code for words, code in _PATTERNS if words.search(message)), Refusal.REFUSED)
    if answer.status == 401:
        code = Refusal.RESTRICTED
    if code is Refusal.NOT_HELD and (count_of(str(body.get("held_for_orders", ""))) or 0) > 0:
        code = Refusal.HELD_BY_ORDER
    said = words_of(answer.body) or f"Alpaca answered with status {answer.status}"
    number = body.get("code")
    return refused(code, said if number is None else f"{said}; code={number}")


def is_taken(answer: Answered) -> bool:
    """Return whether an order was refused because the vendor has one of its id."""
    return answer.status >= 400 and refusal_of(answer).code == Refusal.DUPLICATE_ID
