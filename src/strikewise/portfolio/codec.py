"""Events as canonical JSON and back: one event has one text, whoever writes it.

The form: keys sorted, no spaces, ASCII only, integers as integers, floats by their shortest decimal that
reads back the same, enums by value, instants in UTC as ISO-8601 with ``+00:00``, instruments as
`strikewise.domain.instruments.instrument_symbol` writes them, a structure as a list of
``[instrument, ratio]``. NaN and infinity are refused: a missing number is left out, or null.

Writers and readers are made once for each class from its type hints; a new kind of fact needs nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from strikewise.domain.errors import LedgerError, StrikewiseError
from strikewise.domain.events import EVENT_TYPES, SCHEMA_VERSIONS, Event
from strikewise.domain.instruments import (
    Instrument,
    OptionContract,
    Stock,
    instrument_symbol,
    parse_instrument,
)
from strikewise.domain.structures import Leg, Structure

Writer = Callable[[Any], str]
Reader = Callable[[Any], Any]
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""How to lift a payload, as JSON values, from the version given to the next, by kind and version."""


def encode(event: Event) -> str:
    """Return an event's payload as canonical JSON.

    Raises
    ------
    LedgerError
        If a value cannot be written: NaN, an instant without zone, another type than its field has.
    """
    try:
        return _WRITERS[event.__class__](event)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerError(f"{type(event).__name__} cannot be written ({error}); it was {event!r}.") from error


def decode(kind: str, schema_version: int, payload: str) -> Event:
    """Return the event that `encode` wrote, or an older version of strikewise.

    Raises
    ------
    LedgerError
        If the kind is unknown, a newer version wrote it, or the payload is not one of its kind.
    """
    if kind not in _READERS:
        raise LedgerError(
            f"There is no fact of kind {kind!r}: a newer strikewise wrote it, so read it with that one."
        )
    try:
        plain = json.loads(payload)
        if schema_version != SCHEMA_VERSIONS[kind]:
            plain = upcast(kind, schema_version, plain, to=SCHEMA_VERSIONS[kind], by=UPCASTERS)
        event: Event = _READERS[kind](plain)
    except LedgerError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, StrikewiseError) as error:
        raise LedgerError(
            f"The payload of a {kind} cannot be read ({error}); it was {payload[:200]}."
        ) from error
    return event


def upcast(
    kind: str, version: int, plain: dict[str, Any], *, to: int, by: Mapping[tuple[str, int], Upcaster]
) -> dict[str, Any]:
    """Return a payload in version ``to``, lifted from version to version.

    Raises
    ------
    LedgerError
        If it is newer than ``to``, or a step is missing.
    """
    if version > to:
        raise LedgerError(
            f"A {kind} is written in version {version} and this strikewise knows up to {to}: "
            "use the newer program."
        )
    for step in range(version, to):
        if (kind, step) not in by:
            raise LedgerError(f"Nobody can lift a {kind} from version {step} to {step + 1}.")
        plain = by[kind, step](plain)
    return plain


@lru_cache(maxsize=1024)
def instant_text(instant: datetime) -> str:
    """Return an instant as ledger and payloads write it: ISO-8601, UTC, ``+00:00``.

    Raises
    ------
    ValueError
        If the instant has no zone.
    """
    if instant.tzinfo is UTC:
        return instant.isoformat()
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone; was {instant.isoformat()}")
    return instant.astimezone(UTC).isoformat()


# --- writers ------------------------------------------------------------------------------------------------


def _write_number(value: Any) -> str:
    if value.__class__ is float:
        if value - value == 0.0:  # neither NaN nor infinite
            return float.__repr__(value)
        raise ValueError(f"a number must be finite; was {value}")
    if isinstance(value, bool):
        raise TypeError(f"a number was expected; was {value}")
    return _write_number(float(value)) if isinstance(value, float) else int.__repr__(value)


def _write_scalar(value: Any) -> str:
    if value.__class__ is float:
        return _write_number(value)
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _write_number(value)


def _write_json(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            "{"
            + ",".join(f"{encode_basestring_ascii(k)}:{_write_json(value[k])}" for k in sorted(value))
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_write_json, value)) + "]"
    return _write_scalar(value)


def _write_instant(value: Any) -> str:
    return f'"{instant_text(value)}"'


@lru_cache(maxsize=65536)
def _write_instrument(instrument: Instrument) -> str:
    """Write what `instrument_symbol` writes, and refuse what `parse_instrument` would not read back."""
    if isinstance(instrument, Stock):
        if ":" in instrument.symbol:
            raise ValueError(f"a stock's symbol must not have a colon; was {instrument.symbol!r}")
        return encode_basestring_ascii(instrument.symbol)
    if not 2000 <= instrument.expiration.year < 2100 or instrument.strike_milli > 99_999_999:
        raise ValueError(f"option symbols end at 2099 and at a strike of 99,999.999; was {instrument}")
    return encode_basestring_ascii(instrument_symbol(instrument))


@lru_cache(maxsize=4096)
def _write_structure(structure: Structure) -> str:
    return (
        "[" + ",".join([f"[{_write_instrument(leg.instrument)},{leg.ratio}]" for leg in structure.legs]) + "]"
    )


def _optional_writer(inner: Writer) -> Writer:
    return lambda value: "null" if value is None else inner(value)


def _sequence_writer(inner: Writer) -> Writer:
    return lambda values: "[" + ",".join([inner(value) for value in values]) + "]"


@lru_cache(maxsize=4096)
def _ordered_keys(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((key, encode_basestring_ascii(key) + ":") for key in sorted(keys))


def _mapping_writer(inner: Writer) -> Writer:
    # Strategies give the same names again and again, so their order and spelling are looked up; and most
    # values are floats, so those are written in place.
    def write(values: Any) -> str:
        ordered = _ordered_keys(tuple(values))
        pairs = [
            f"{text}{value!r}"
            if (value := values[key]).__class__ is float and value - value == 0.0
            else text + inner(value)
            for key, text in ordered
        ]
        return "{" + ",".join(pairs) + "}"

    return write


def _class_writer(kind: type) -> Writer:
    hints = get_type_hints(kind)
    names = sorted(field.name for field in fields(kind))
    writers = [_writer(hints[name]) for name in names]
    if len(names) == 1:
        (name,), (write,) = names, writers
        return lambda value: f'{{"{name}":{write(getattr(value, name))}}}'
    template = "{" + ",".join(f'"{name}":%s' for name in names) + "}"
    values_of = attrgetter(*names)
    return lambda value: (
        template % tuple([write(v) for write, v in zip(writers, values_of(value), strict=True)])
    )


def _writer(hint: Any) -> Writer:
    """Return the writer of a type; bound methods of C where one fits, for they are called most."""
    if hint is int:
        return int.__repr__
    if isinstance(hint, type) and issubclass(hint, str):
        return encode_basestring_ascii
    if inner := _without_none(hint):
        return _optional_writer(_writer(inner))
    known: dict[Any, Writer] = {
        bool: _write_scalar,
        float: _write_number,
        datetime: _write_instant,
        Structure: _write_structure,
        object: _write_json,
    }
    if hint in known:
        return known[hint]
    if _is_instrument(hint):
        return _write_instrument
    return _composite(hint, _writer, _class_writer, _sequence_writer, _mapping_writer, _write_scalar)


# --- readers ------------------------------------------------------------------------------------------------


def _same(value: Any) -> Any:
    return value


_read_instrument = lru_cache(maxsize=65536)(parse_instrument)


def _read_structure(value: Any) -> Structure:
    return Structure(tuple(Leg(_read_instrument(symbol), ratio) for symbol, ratio in value))


def _read_contract(value: Any) -> OptionContract:
    contract = _read_instrument(value)
    if not isinstance(contract, OptionContract):
        raise TypeError(f"an option was expected; was {instrument_symbol(contract)}")
    return contract


def _optional_reader(inner: Reader) -> Reader:
    return lambda value: None if value is None else inner(value)


def _sequence_reader(inner: Reader) -> Reader:
    return lambda values: tuple([inner(value) for value in values])


def _mapping_reader(inner: Reader) -> Reader:
    if inner is _same:
        return dict
    return lambda values: {key: inner(value) for key, value in values.items()}


def _class_reader(kind: type) -> Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = {
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING
    }

    def read(value: Any) -> Any:
        if not required <= value.keys():
            raise KeyError(f"{kind.__name__} lacks {', '.join(sorted(required - value.keys()))}")
        return kind(**{name: readers[name](inner) for name, inner in value.items()})

    return read


def _reader(hint: Any) -> Reader:
    if inner := _without_none(hint):
        return _optional_reader(_reader(inner))
    known: dict[Any, Reader] = {datetime: datetime.fromisoformat, Structure: _read_structure}
    if hint in known:
        return known[hint]
    if hint in {bool, int, float, str, object}:
        return _same
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if _is_instrument(hint):
        return _read_contract if hint is OptionContract else _read_instrument
    return _composite(hint, _reader, _class_reader, _sequence_reader, _mapping_reader, _same)


# --- both ---------------------------------------------------------------------------------------------------


def _composite(
    hint: Any,
    of: Callable[[Any], Callable[[Any], Any]],
    of_class: Callable[[type], Callable[[Any], Any]],
    of_sequence: Callable[[Callable[[Any], Any]], Callable[[Any], Any]],
    of_mapping: Callable[[Callable[[Any], Any]], Callable[[Any], Any]],
    scalar: Callable[[Any], Any],
) -> Callable[[Any], Any]:
    origin, args = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return of_class(hint)
    if origin is tuple and args[1:] == (Ellipsis,):
        return of_sequence(of(args[0]))
    if origin is tuple and len(set(args)) == 1:
        return of_sequence(of(args[0]))
    if origin is Mapping and args[0] is str:
        return of_mapping(of(args[1]))
    if origin in {Union, UnionType} and set(args) <= {bool, int, float, str}:
        return scalar
    raise TypeError(f"the ledger has no form for {hint}")


def _without_none(hint: Any) -> Any:
    args = get_args(hint)
    if get_origin(hint) not in {Union, UnionType} or type(None) not in args:
        return None
    rest: Any = Union[tuple(arg for arg in args if arg is not type(None))]  # noqa: UP007
    return rest


def _is_instrument(hint: Any) -> bool:
    return hint in (OptionContract, Stock) or set(get_args(hint)) == {OptionContract, Stock}


def _named(kinds: Iterable[type[Event]], make: Callable[[type], Callable[[Any], Any]]) -> dict[Any, Any]:
    return {kind: make(kind) for kind in kinds}


_WRITERS: dict[type, Writer] = _named(EVENT_TYPES.values(), _class_writer)
_READERS: dict[str, Reader] = {name: _class_reader(kind) for name, kind in EVENT_TYPES.items()}
