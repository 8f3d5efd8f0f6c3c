"""Every denial code is its own text, belongs to a category and says what it means."""

from __future__ import annotations

import json

from strikewise.domain.denials import DenialCode

CATEGORIES = {
    *("ENTRY", "QUOTE", "DATA", "STRUCTURE", "CREDIT", "DEBIT", "SIZE"),
    *("RISK", "PORTFOLIO", "MARKET", "BREAKER", "STATE"),
}


def test_codes_are_texts_with_a_category_and_a_sentence() -> None:
    for code in DenialCode:
        assert code == code.name == str(code)
        assert DenialCode(code.value) is code
        assert code.category in CATEGORIES
        assert code.meaning.endswith(".")
    assert len({code.meaning for code in DenialCode}) == len(DenialCode)


def test_a_code_is_written_as_plain_json() -> None:
    assert json.dumps({DenialCode.QUOTE_WIDE: DenialCode.RISK_MARGIN}) == '{"QUOTE_WIDE": "RISK_MARGIN"}'
