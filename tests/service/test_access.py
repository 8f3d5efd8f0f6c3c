"""The door itself: laws of scopes, tokens, tries and the chained log, whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.adapters.passwords import Argon2Passwords
from strikewise.adapters.store.access import SqlAccessStore
from strikewise.domain.access import ApiToken, AuditLine, Scope, User, verify_audit
from strikewise.domain.errors import LedgerCorruptError, SettingsError
from strikewise.market.clock import SimulatedClock
from strikewise.service.access import Access, NotLetInError, TooManyTriesError

START = datetime(2026, 1, 5, tzinfo=UTC)
PASSWORD = "a long enough password"
CHEAP = Argon2Passwords(memory_kib=64, rounds=1)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[Access, SimulatedClock]]:
    clock = SimulatedClock(START)
    with SqlAccessStore(tmp_path) as store:
        store.put_user(User("ada", Scope.ADMIN, CHEAP.hash(PASSWORD), START))
        yield Access(store, CHEAP, clock), clock


@given(st.sampled_from(Scope), st.sampled_from(Scope), st.sampled_from(Scope))
def test_scopes_are_an_order_and_each_covers_itself(one: Scope, other: Scope, third: Scope) -> None:
    assert one.covers(one)
    assert one.covers(other) or other.covers(one)
    assert one.covers(third) or not (one.covers(other) and other.covers(third))
    assert Scope.ADMIN.covers(one)
    assert one.covers(Scope.READ)


@given(
    lasts=st.none() | st.integers(1, 10**6),
    revoked=st.none() | st.integers(0, 10**6),
    at=st.integers(0, 2 * 10**6),
)
def test_a_token_holds_until_its_end_or_its_revocation(
    lasts: int | None, revoked: int | None, at: int
) -> None:
    def after(seconds: int | None) -> datetime | None:
        return None if seconds is None else START + timedelta(seconds=seconds)

    token = ApiToken("t", "d", "l", Scope.READ, "me", START, after(lasts), after(revoked))
    now = START + timedelta(seconds=at)
    assert token.holds(now) == (revoked is None and (lasts is None or at < lasts))


def test_a_token_once_revoked_stays_so_whoever_used_it_meanwhile(
    door: tuple[Access, SimulatedClock],
) -> None:
    access, _ = door
    text, token = access.tokens.make("one", Scope.READ, "me")
    access.tokens.revoke(token.token_id, "me")
    access.store.put_token(replace(token, used_at=START))  # a request that had read it before
    assert access.tokens.program(text) is None
    assert not access.tokens.revoke(token.token_id, "me")


@pytest.mark.parametrize("label", ["", "   ", "a\nb", "x" * 81])
def test_a_token_says_what_it_is_for(door: tuple[Access, SimulatedClock], label: str) -> None:
    with pytest.raises(SettingsError, match="label"):
        door[0].tokens.make(label, Scope.READ, "me")


@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=40))
def test_a_right_password_is_taken_whenever_no_wait_is_on_and_never_before(
    tries: list[tuple[bool, int]],
) -> None:
    """An oracle: count tries since the last right one, and wait 1, 2, 4 … seconds from the fifth on."""
    clock = SimulatedClock(START)
    with TemporaryDirectory() as folder, SqlAccessStore(Path(folder)) as store:
        store.put_user(User("ada", Scope.READ, CHEAP.hash(PASSWORD), START))
        access = Access(store, CHEAP, clock)
        wrong, last = 0, START
        for right, pause in tries:
            clock.advance_to(clock.now() + timedelta(seconds=pause))
            waits = timedelta(seconds=min(2 ** (wrong - 5), 900)) if wrong >= 5 else timedelta()
            told = clock.now() < last + waits
            wrong, last = wrong + 1, clock.now()
            if told:
                with pytest.raises(TooManyTriesError):
                    access.log_in("ada", PASSWORD if right else "wrong", f"10.0.{wrong}.{pause % 250}")
            elif right:
                access.log_in("ada", PASSWORD, f"10.0.{wrong}.{pause % 250}")
                wrong = 0
            else:
                with pytest.raises(NotLetInError):
                    access.log_in("ada", "wrong", f"10.0.{wrong}.{pause % 250}")


def test_sessions_of_a_user_end_when_the_password_is_replaced(
    door: tuple[Access, SimulatedClock],
) -> None:
    access, _ = door
    entered = access.log_in("ada", PASSWORD, "here")
    assert access.person(entered.secret) is not None
    code = access.setup_code(again=True)
    assert code is not None
    access.set_up(code, "ada", "another long password", "here")
    assert access.person(entered.secret) is None
    with pytest.raises(NotLetInError):
        access.log_in("ada", PASSWORD, "here")


class Counted:
    """Passwords that take no time, and count how often one was looked at."""

    looked = 0

    def hash(self, password: str) -> str:
        return password[::-1]

    def matches(self, hashed: str, password: str) -> bool:
        self.looked += 1
        return hashed == password[::-1]


def test_an_unknown_name_costs_as_much_as_a_wrong_password(tmp_path: Path) -> None:
    passwords = Counted()
    with SqlAccessStore(tmp_path) as store:
        access = Access(store, passwords, SimulatedClock(START))
        access.set_up(access.setup_code() or "", "ada", PASSWORD, "here")
        for number, name in enumerate(("ada", "nobody", "no name at all"), start=1):
            with pytest.raises(NotLetInError):
                access.log_in(name, "a wrong password", "here")
            assert passwords.looked == number


def test_there_is_no_one_time_code_where_somebody_can_log_in(door: tuple[Access, SimulatedClock]) -> None:
    assert door[0].setup_code() is None


def test_secrets_are_not_in_what_is_printed_of_them(door: tuple[Access, SimulatedClock]) -> None:
    entered = door[0].log_in("ada", PASSWORD, "here")
    assert entered.secret not in repr(entered)


def lines_of(actions: list[str]) -> list[AuditLine]:
    with TemporaryDirectory() as folder, SqlAccessStore(Path(folder)) as store:
        return [store.note(START, "me", "here", action, "") for action in actions]


OTHERWISE = {
    "seq": 99,
    "at": START + timedelta(seconds=1),
    "actor": "eve",
    "address": "there",
    "action": "z",
    "detail": "more",
    "prev_hash": "f" * 64,
    "hash": "f" * 64,
}
"""Another value for each column of an audit line."""


@settings(max_examples=60)
@given(st.data())
def test_any_change_of_an_audit_log_but_at_its_end_is_seen(data: st.DataObject) -> None:
    lines = lines_of(data.draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=2, max_size=6)))
    assert verify_audit(lines) == len(lines)
    place = data.draw(st.integers(0, len(lines) - 2))
    change = data.draw(st.sampled_from(["drop", "edit", "swap", "repeat"]))
    broken = list(lines)
    if change == "drop":
        del broken[place]
    elif change == "edit":
        column = data.draw(st.sampled_from(sorted(OTHERWISE)))
        broken[place] = replace(broken[place], **{column: OTHERWISE[column]})
    elif change == "swap":
        broken[place], broken[place + 1] = broken[place + 1], broken[place]
    else:
        broken.insert(place, broken[place])
    with pytest.raises(LedgerCorruptError):
        verify_audit(broken)


def test_what_is_kept_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    clock = SimulatedClock(START)
    with SqlAccessStore(tmp_path) as store:
        tokens = Access(store, CHEAP, clock).tokens
        (text, made), (other, _) = (tokens.make("one", Scope.TRADE, "me") for _ in range(2))
    with SqlAccessStore(tmp_path) as store:
        caller, alike = (Access(store, CHEAP, clock).tokens.program(one) for one in (text, other))
        assert caller is not None
        assert (caller.name, caller.scope) == (f"token:{made.token_id} one", Scope.TRADE)
        assert alike is not None
        assert alike.name != caller.name
        assert [line.action for line in store.audit()] == ["token_made"] * 2


def test_what_was_answered_is_forgotten_after_a_week(tmp_path: Path) -> None:
    with SqlAccessStore(tmp_path) as store:
        store.put_answer("me", "one", "asked", "answered", START)
        store.put_answer("me", "two", "asked", "answered", START + timedelta(days=7))
        assert store.begin("me", "one", "asked", START) == ("asked", "answered")
        later = START + timedelta(days=7, seconds=1)
        assert store.begin("me", "one", "asked", later) is None
        assert store.begin("me", "two", "asked", later) == ("asked", "answered")


def test_a_command_is_begun_once_and_its_answer_is_empty_until_somebody_wrote_it_down(tmp_path: Path) -> None:
    with SqlAccessStore(tmp_path) as store:
        assert store.begin("me", "one", "asked", START) is None
        assert store.begin("you", "one", "asked", START) is None
    with SqlAccessStore(tmp_path) as store:
        assert store.begin("me", "one", "other", START) == ("asked", "")
        store.put_answer("me", "one", "asked", "answered", START)
        assert store.begin("me", "one", "asked", START) == ("asked", "answered")
        store.forget_answer("me", "one")
        assert store.begin("me", "one", "asked", START) is None
        assert store.begin("you", "one", "asked", START) == ("asked", "")
