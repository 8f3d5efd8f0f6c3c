"""The parts a trading process is made of: what it does, where data come from, and through whom orders go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from strikewise.adapters.brokers.alpaca import ALPACA_FEES, AlpacaBroker
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.backtest.runner import ReplaySpec
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.documents import told_of
from strikewise.bootstrap.feeds import LIVE_URL, PAPER_URL
from strikewise.bootstrap.operation import BrokerName, Mode
from strikewise.bootstrap.settings import alpaca_key
from strikewise.bootstrap.trading import chosen_strategy
from strikewise.domain.errors import SettingsError
from strikewise.domain.money import to_cents
from strikewise.engine.recovery import resumed_broker
from strikewise.engine.spec import RunSpec
from strikewise.execution.broker import Broker
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.simulated import Habits
from strikewise.market.clock import Clock
from strikewise.market.view import Market, MarketView
from strikewise.portfolio.ledger import Ledger

__all__ = [
    "Rules",
    "Through",
    "alpaca_broker",
    "faults_of",
    "rules_of",
    "run_spec",
    "simulated",
    "uses_alpaca",
]

PAPER_STREAM, LIVE_STREAM = "wss://paper-api.alpaca.markets/stream", "wss://api.alpaca.markets/stream"


@dataclass(frozen=True, slots=True)
class Rules:
    """How a simulated market fills, charges and settles."""

    fills: FillRule
    fees: FeeSchedule
    exercise: ExerciseRule
    financing: Financing
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Through:
    """Through whom orders go.

    Attributes
    ----------
    broker : Broker
        Whom the loop speaks with.
    follow : callable
        Moves it to a view where it is simulated.
    fees_later : FeeSchedule or None
        What the broker charges the day after; None where its fills tell their fees.
    """

    broker: Broker
    follow: Callable[[MarketView], None]
    fees_later: FeeSchedule | None = None


def run_spec(settings: Settings, spec: ReplaySpec | None) -> RunSpec:
    """Return what the loop is to do: as a specification says, or as the settings' ``[run]`` does.

    Raises
    ------
    SettingsError
        If nothing is named that may be traded, or a strategy is unknown.
    """
    account = settings.account.name
    if spec is not None:
        run = spec.run
        return RunSpec(
            account=account,
            capital_cents=to_cents(settings.account.capital),
            underlyings=run.underlyings,
            strategies=run.strategies,
            limits=run.limits,
            missing_quote=run.missing_quote,
            entry_weekdays=run.entry_weekdays,
            document=run.document,
            allocation=run.allocation,
        )
    table = settings.run
    if not table.underlyings:
        raise SettingsError(
            'Nothing is named that may be traded: write `underlyings = ["SPY"]` under [run] of the settings.'
        )
    with told_of("[run] of the settings"):
        strategies = tuple(
            chosen_strategy(name, name, settings.strategies.get(name, {})) for name in table.strategies
        )
        return RunSpec(
            account=account,
            capital_cents=to_cents(settings.account.capital),
            underlyings=tuple(dict.fromkeys(table.underlyings)),
            strategies=strategies,
            limits=settings.limits.frozen(),
            missing_quote=settings.fills.frozen().missing_quote,
            entry_weekdays=table.entry,
            document=settings.model_dump(mode="json", exclude={"ledger", "alerts", "telegram", "traces"}),
            allocation=settings.allocation.frozen(),
        )


def rules_of(settings: Settings, spec: ReplaySpec | None) -> Rules:
    """Return how a simulated market fills: as a specification says, or as the settings do."""
    if spec is not None:
        return Rules(spec.fills, spec.fees, spec.exercise, spec.financing, spec.lag)
    return Rules(
        settings.fills.frozen(),
        settings.fees.frozen(),
        settings.exercise.frozen(),
        settings.financing.frozen(),
    )


def simulated(
    spec: RunSpec,
    rules: Rules,
    ledger: Ledger,
    market: Market,
    clock: Clock,
    faults: FaultPlan | None = None,
) -> Through:
    """Return the simulated broker of a ledger's account, with faults at its edge where a plan is given."""
    habits = Habits(account_id=spec.account)
    if ledger.head.seq:
        broker = resumed_broker(
            ledger.records(),
            market,
            rule=rules.fills,
            fees=rules.fees,
            lag=rules.lag,
            exercise=rules.exercise,
            financing=rules.financing,
            habits=habits,
            kind=PaperBroker,
        )
    else:
        broker = PaperBroker(
            spec.capital_cents,
            rule=rules.fills,
            fees=rules.fees,
            lag=rules.lag,
            exercise=rules.exercise,
            financing=rules.financing,
            habits=habits,
        )
    edge: Broker = broker if faults is None else FaultyBroker(broker, faults, clock, world=broker)
    return Through(edge, broker.advance)


def alpaca_broker(settings: Settings, spec: RunSpec, ledger: Ledger, clock: Clock) -> Through:
    """Return the Alpaca account that the settings name.

    Raises
    ------
    SettingsError
        If the key or, for a real account, the account's id is not set, or the address is that of the other
        mode.
    """
    table, live = settings.broker, settings.run.mode is Mode.LIVE
    for address in (table.url, table.stream_url):
        _check_address(address, live=live)
    key, secret = alpaca_key()
    if live and not table.account_id:
        raise SettingsError(
            "A real account is traded only where its id is pinned: write `account_id` under [broker]."
        )
    first = next(iter(ledger.records()), None)
    broker = AlpacaBroker(
        key,
        secret,
        url=table.url or (LIVE_URL if live else PAPER_URL),
        stream_url=table.stream_url or (LIVE_STREAM if live else PAPER_STREAM),
        clock=clock,
        account_id=table.account_id,
        underlyings=spec.underlyings,
        begin=clock.now() if first is None else first.known_at,
    )
    return Through(broker, _stays, ALPACA_FEES)


def _check_address(address: str, *, live: bool) -> None:
    """Refuse an address that would trade real money without being asked to, or play where money was meant."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    if host == urlsplit(LIVE_URL).hostname and not live:
        raise SettingsError(
            f'{address} trades real money, and the mode is "paper": take the address out of [broker], '
            'or write `mode = "live"` under [run].'
        )
    if host == urlsplit(PAPER_URL).hostname and live:
        raise SettingsError(
            f'{address} trades nobody\'s money, and the mode is "live": take the address out of [broker], '
            'or write `mode = "paper"` under [run].'
        )


def faults_of(file: Path | None, seed: int | None) -> FaultPlan | None:
    """Return the faults of a file, or some drawn from a seed; None where neither is given.

    Raises
    ------
    SettingsError
        If both are given, or the file cannot be read or is no plan.
    """
    if file is None:
        return None if seed is None else FaultPlan.drawn(seed)
    if seed is not None:
        raise SettingsError("Faults come from a seed or from a file: name one of the two.")
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"The fault plan {file} cannot be read ({error.strerror}).") from None
    return FaultPlan.from_json(text)


def uses_alpaca(settings: Settings) -> bool:
    """Return whether orders go to Alpaca."""
    return settings.broker.name is BrokerName.ALPACA


def _stays(_: MarketView) -> None:
    """Do nothing: a real broker moves by itself."""
