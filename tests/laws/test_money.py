"""Money: what the facts say adds up, whatever is traded, and no rule of it is broken on any day."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plain_account import PlainAccount, Trade, expiration_of, plain_account, worst_payoff
from engine.random_specs import documents
from engine.runs import reconstructed, recorded_spec, spec, spy_2021, thinned, through_history
from strategy.recorded_market import recorded_source
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.chain import OptionChain
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource
from strikewise.portfolio.ledger import Fact


class Snapshot(Mapping[str, tuple[int, int]]):
    """Bid and ask of what could be traded at an instant, by ledger symbol; shares at the chain's price."""

    def __init__(self, chain: OptionChain) -> None:
        self._shares = {chain.underlying: (chain.spot_cents, chain.spot_cents)}
        quotes = zip(chain.bid.tolist(), chain.ask.tolist(), strict=True)
        self._quotes = dict(zip(chain.key.tolist(), quotes, strict=True))

    def _found(self, symbol: str) -> tuple[int, int] | None:
        if ":" not in symbol:
            return self._shares.get(symbol)
        root, put, milli = symbol.split(":")[1][:-15], symbol[-9] == "P", int(symbol[-8:])
        day = (expiration_of(symbol) - date(1970, 1, 1)).days
        bid, ask = self._quotes.get(day << 32 | (root == "SPXW") << 28 | put << 27 | milli, (-1, -1))
        return (bid, ask) if bid >= 0 and ask > 0 and ask >= bid else None

    def __getitem__(self, symbol: str) -> tuple[int, int]:
        if (found := self._found(symbol)) is None:
            raise KeyError(symbol)
        return found

    def __contains__(self, symbol: object) -> bool:
        return self._found(str(symbol)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._shares)

    def __len__(self) -> int:
        return len(self._quotes)


class Quoted:
    """The quotes of a source as plain numbers; only those of the very instant, which can be traded."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._kept: dict[tuple[str, datetime], Mapping[str, tuple[int, int]]] = {}

    def __call__(self, underlying: str, at: datetime) -> Mapping[str, tuple[int, int]]:
        if (underlying, at) not in self._kept:
            chain = self._source.chain(underlying, at)
            fresh = chain is not None and chain.as_of == at
            self._kept[underlying, at] = Snapshot(chain) if chain is not None and fresh else {}
        return self._kept[underlying, at]


@cache
def quoted(holes: bool) -> tuple[MemorySource, Quoted]:
    source = thinned(reconstructed(), keep=0.85, seed=7) if holes else reconstructed()
    return source, Quoted(source)


def audited(chosen: ReplaySpec, source: MarketSource, quotes: Quoted) -> tuple[list[Fact], PlainAccount]:
    facts = through_history(chosen, source)
    return facts, plain_account(facts, quotes)


def check_account(account: PlainAccount) -> None:
    """Cash, equity, realised and open positions of every day, to the cent."""
    assert account.days
    for day in account.days:
        assert day.told["cash_cents"] == day.cash
        assert day.told["equity_exit_cents"] == day.equity_exit
        assert day.equity_mid in (None, day.told["equity_mid_cents"])
        assert day.told["equity_exit_cents"] <= day.told["equity_mid_cents"]
        assert day.told["open_positions"] == day.open_trades
        assert account.deposited + day.realised + day.unrealised_exit == day.equity_exit


def check_fills(facts: list[Fact], account: PlainAccount) -> None:
    """Every fill is of whole units, on a quote of its instant, inside bid and ask as the rule says."""
    for fact in facts:
        if fact.kind != "OrderFilled":
            continue
        execution = json.loads(fact.payload)["execution"]
        order = account.orders[execution["order_id"]]
        assert [(leg["instrument"], leg["quantity"]) for leg in execution["legs"]] == [
            (name, ratio * execution["quantity"]) for name, ratio in order["structure"]
        ]
        quotes = account.quotes(order["underlying"], fact.known_at)
        for leg in execution["legs"]:
            bid, ask = leg["bid_cents"], leg["ask_cents"]
            if bid < 0:
                assert order["purpose"] == "close"
                assert execution["policy"]
                continue
            if ":" not in leg["instrument"]:
                spot = quotes[leg["instrument"]][0]
                assert (bid, ask) == (spot - -(-spot // 10_000), spot + -(-spot // 10_000))
            else:
                assert (bid, ask) == quotes[leg["instrument"]]
            # What closes beyond the size on offer pays one further half-spread.
            beyond = 0 if order["purpose"] == "open" else (ask - bid + 1) // 2
            assert max(0, bid - beyond) <= leg["price_cents"] <= ask + beyond


def check_positions(facts: list[Fact], quotes: Quoted) -> None:
    """At no time is half a structure held, or an option past its day."""
    account = PlainAccount(quotes)
    for fact in facts:
        account.tell(fact)
        if fact.kind == "AccountValued":
            for trade in account.trades.values():
                assert trade.held in ({}, {name: ratio * trade.units for name, ratio in trade.legs})
                assert all(expiration_of(name) > fact.known_at.date() for name in trade.held)


def loss_beyond_promise(trade: Trade) -> float:
    """How much more than its largest loss at expiry and its fees a closed trade lost, in cents."""
    most = -trade.units * worst_payoff(trade.legs) + trade.entry
    return -trade.profit - (most + trade.fees)


@settings(max_examples=15, deadline=None)
@given(document=documents(), holes=st.booleans())
def test_whatever_is_traded_the_money_adds_up(document: dict[str, Any], holes: bool) -> None:
    source, quotes = quoted(holes)
    facts, account = audited(spec(**document), source, quotes)
    check_account(account)
    check_fills(facts, account)
    check_positions(facts, quotes)
    for trade in account.trades.values():
        if not trade.held and trade.strategy[:5] != "naked":
            assert loss_beyond_promise(trade) <= 0


class Wishes:
    """What is at stake and how many positions there are whenever an order to open is placed."""

    def __init__(self, quotes: Quoted, limits: Mapping[str, Any]) -> None:
        self.account, self.limits = PlainAccount(quotes), limits
        self.promised: dict[str, int] = {}
        self.placed_on: dict[date, list[str]] = {}
        self.fullest = 0.0

    def tell(self, fact: Fact) -> None:
        event = json.loads(fact.payload)
        if fact.kind == "SignalGenerated":
            self.promised[event["signal"]["signal_id"]] = event["signal"]["max_loss_cents"]
        self.account.tell(fact)
        if fact.kind == "OrderPlaced" and event["order"]["purpose"] == "open":
            self.placed_on.setdefault(fact.known_at.date(), []).append(event["order"]["order_id"])
            self._check(fact.known_at, event["order"])

    def _check(self, at: datetime, order: dict[str, Any]) -> None:
        out, _ = self.account.worth(at)
        equity, limits = self.account.cash + out, self.limits
        working = [
            (placed, left)
            for name, left in self.account.open_orders.items()
            if (placed := self.account.orders[name])["purpose"] == "open"
        ]
        held = {name: trade for name, trade in self.account.trades.items() if trade.held}
        stake = sum(max(0, trade.entry - trade.units * worst_payoff(trade.legs)) for trade in held.values())
        stake += sum(left * self.promised[placed["signal_id"]] for placed, left in working)
        assert stake <= limits["max_at_risk"] * equity
        own = order["quantity"] * self.promised[order["signal_id"]]
        assert own <= limits["max_loss_per_trade"] * equity
        everybody = {name: trade.strategy for name, trade in held.items()}
        everybody |= {placed["position_id"]: placed["strategy"] for placed, _ in working}
        assert len(everybody) <= min(limits["max_positions"], limits["max_per_underlying"])
        assert list(everybody.values()).count(order["strategy"]) <= limits["max_per_strategy"]
        assert len(self.placed_on[at.date()]) <= limits["max_new_per_day"]
        assert all(
            abs(ratio) * order["quantity"] <= limits["max_contracts"] for _, ratio in order["structure"]
        )
        self.fullest = max(self.fullest, stake / (limits["max_at_risk"] * equity))


@settings(max_examples=8, deadline=None)
@given(document=documents(names=("credit_spread", "iron_condor")))
def test_no_dollar_is_spent_twice_however_many_want_it(document: dict[str, Any]) -> None:
    source, quotes = quoted(False)
    chosen = spec(**{**document, "end": "2015-08-14"})
    limits = chosen.run.document["limits"]
    assert isinstance(limits, dict)
    wishes = Wishes(quotes, limits)
    for fact in through_history(chosen, source):
        wishes.tell(fact)


@pytest.mark.parametrize("lag", [0, 2])
def test_greedy_strategies_fill_the_limit_and_stop_there(lag: int) -> None:
    greedy = {
        "risk_fraction": 0.03,
        "max_signals": 10,
        "profit_target": 2.0,
        "stop_loss": 0.0,
        "trend": "off",
    }
    wide = [
        {"strategy": "credit_spread", "label": f"wide-{width}", "parameters": {**greedy, "width": width}}
        for width in (5.0, 10.0, 25.0)
    ]
    limits = {"max_at_risk": 0.2, "max_loss_per_trade": 0.05, "max_per_underlying": 50, "max_positions": 50}
    limits |= {"max_new_per_day": 50, "max_per_strategy": 50, "max_spread": 1.5}
    chosen = spec(
        strategies=wide,
        limits=limits,
        cadence={"lag": lag},
        fills={"open_interest_share": 1.0},
        end="2015-07-03",
    )
    source, quotes = quoted(False)
    written = chosen.run.document["limits"]
    assert isinstance(written, dict)
    wishes = Wishes(quotes, written)
    facts = through_history(chosen, source)
    for fact in facts:
        wishes.tell(fact)
    assert wishes.fullest > 0.9
    assert any('"RISK_AT_RISK"' in fact.payload for fact in facts)


def test_a_less_generous_fill_never_ends_with_more_money() -> None:
    held = {
        "sizing": "fixed",
        "dte_exit": 0,
        "profit_target": 2.0,
        "stop_loss": 0.0,
        "min_dte": 7,
        "max_dte": 21,
    }
    strategies = [
        {"strategy": "credit_spread", "parameters": {**held, "trend": "off"}},
        {"strategy": "iron_condor", "parameters": held},
    ]
    source, quotes = quoted(False)
    limits = {"max_per_underlying": 30, "max_positions": 30, "max_at_risk": 1.0, "max_loss_per_trade": 1.0}
    runs = [
        audited(
            spec(strategies=strategies, fills={"f": f}, limits=limits, capital=10_000_000), source, quotes
        )[1]
        for f in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    for generous, mean in pairwise(runs):
        assert [trade.legs for trade in generous.trades.values()] == [t.legs for t in mean.trades.values()]
        assert all(rich.cash >= poor.cash for rich, poor in zip(generous.days, mean.days, strict=True))
        assert generous.days[-1].cash > mean.days[-1].cash
    assert len(runs[0].trades) > 20


def test_the_oracle_sees_a_cent_that_is_missing() -> None:
    source, quotes = quoted(False)
    facts = through_history(spec(end="2015-06-12"), source)
    number = next(n for n, fact in enumerate(facts) if fact.kind == "OrderFilled")
    payload = json.loads(facts[number].payload)
    payload["execution"]["fees_cents"] += 1
    facts[number] = replace(facts[number], payload=json.dumps(payload))
    with pytest.raises(AssertionError):
        check_account(plain_account(facts, quotes))


@pytest.mark.shared
@pytest.mark.parametrize("f", [1.0, 0.5])
def test_the_money_of_recorded_spy_adds_up(f: float) -> None:
    source = recorded_source("SPY", 2026)
    facts, account = audited(recorded_spec(fills={"f": f}), source, Quoted(source))
    check_account(account)
    check_fills(facts, account)
    assert len(account.trades) > 10


@pytest.mark.shared
@pytest.mark.parametrize("policy", ["carry", "model", "worst"])
def test_the_money_of_a_year_of_missing_quotes_adds_up(policy: str) -> None:
    source = recorded_source("SPY", 2021)
    chosen = spy_2021(policy)
    facts, account = audited(chosen, source, Quoted(source))
    check_account(account)
    check_fills(facts, account)
    assert len(account.trades) > 20
    assert sum(fact.kind == "MarkEstimated" for fact in facts) > 100
