from __future__ import annotations

from base64 import b32encode
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.identifiers import short_digest


@given(st.text(max_size=60))
def test_an_id_is_the_first_80_bits_of_the_digest_in_base_32(text: str) -> None:
    whole = b32encode(sha256(text.encode()).digest()).decode("ascii").lower()
    assert short_digest(text) == whole[:16]
