"""Values: dataclasses that never change, and are made fast, for a run makes a hundred thousand of them.

`dataclass` and `replace` mean what they mean in the standard library, where a frozen dataclass stores each
field through ``object.__setattr__``, a tenth of a microsecond each. Here its fields are stored as those of an
open twin, a class of the same layout that may be written to, and the object becomes a value when all are in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "replace"]

_become = object.__dict__["__class__"].__set__
_LAYOUTS: dict[type, tuple[Callable[[Any], Sequence[Any]], dict[str, int]]] = {}
"""Of each value of two fields or more: what reads them all, and the place of each."""


def _dataclass(cls: type | None = None, /, **options: Any) -> Any:
    """Return a dataclass; frozen ones with slots and no base are made fast."""
    if cls is None:
        return lambda made: _dataclass(made, **options)
    made: Any = dataclasses.dataclass(**options)(cls)
    fields = dataclasses.fields(made)
    frozen = options.get("frozen") and options.get("slots") and made.__bases__ == (object,)
    if frozen and len(fields) > 1 and all(field.init for field in fields):
        names = [field.name for field in fields]
        made.__init__ = _fast_init(made, names)
        _LAYOUTS[made] = attrgetter(*names), {name: place for place, name in enumerate(names)}
    return made


def _fast_init(made: Any, names: Sequence[str]) -> Callable[..., None]:
    """Return what does the same as the ``__init__`` of a frozen dataclass."""
    slow = made.__init__
    twin = type(made.__name__, (), {"__slots__": tuple(names)})
    known = {"become": _become, "open_twin": twin, "made": made}
    lines = [f"def __init__(self, {', '.join(names)}):", " become(self, open_twin)"]
    for field in dataclasses.fields(made):
        value = field.name
        if field.default_factory is not dataclasses.MISSING:
            known[f"make_{value}"] = field.default_factory
            value = f"make_{value}() if {value} is absent else {value}"
            known["absent"] = slow.__defaults__[names.index(field.name) - len(names)]
        lines.append(f" self.{field.name} = {value}")
    lines.append(" self.__class__ = made")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join(lines), known)  # noqa: S102 - made of field names alone, as the standard library does
    fast: Any = known["__init__"]
    fast.__defaults__, fast.__annotations__ = slow.__defaults__, slow.__annotations__
    fast.__qualname__, fast.__module__ = slow.__qualname__, made.__module__
    return fast  # type: ignore[no-any-return]


def _replace(value: Any, /, **changes: Any) -> Any:
    """Return a value with other contents of some fields."""
    layout = _LAYOUTS.get(type(value))
    if layout is None or not changes.keys() <= layout[1].keys():
        return dataclasses.replace(value, **changes)
    read, places = layout
    values = list(read(value))
    for name, changed in changes.items():
        values[places[name]] = changed
    return type(value)(*values)


if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    dataclass, replace = _dataclass, _replace
