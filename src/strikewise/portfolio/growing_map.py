"""A frozen map that grows by one entry at a time without being copied whole each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")

_SMALL = 32


class GrowingMap(Mapping[str, V], Generic[V]):
    """A frozen map in two layers: a large one that many versions share, and a small one that is copied.

    The small layer is poured into a new large one when it outgrows the square root of the whole, so that an
    entry costs O(√n) copied pointers; with ten thousand entries that is a microsecond or two.
    """

    __slots__ = ("_base", "_recent")

    def __init__(self, base: Mapping[str, V] | None = None) -> None:
        self._base: Mapping[str, V] = dict(base or {})
        self._recent: dict[str, V] = {}

    @classmethod
    def over(cls, base: Mapping[str, V]) -> GrowingMap[V]:
        """Return a map over one that is not copied, and never poured into: what is put stays in `recent`."""
        made: GrowingMap[V] = cls.__new__(cls)
        made._base, made._recent = base, {}
        return made

    @property
    def base(self) -> Mapping[str, V]:
        """The large layer."""
        return self._base

    @property
    def recent(self) -> Mapping[str, V]:
        """The small layer: what was put since the large one was made."""
        return self._recent

    def put(self, key: str, value: V) -> GrowingMap[V]:
        """Return this map with a value under a key."""
        grown: GrowingMap[V] = GrowingMap.__new__(GrowingMap)
        recent = {**self._recent, key: value}
        small = len(recent) <= _SMALL or not isinstance(self._base, dict)
        if not small and len(recent) ** 2 > len(self._base):
            grown._base, grown._recent = {**self._base, **recent}, {}
        else:
            grown._base, grown._recent = self._base, recent
        return grown

    def without(self, key: str) -> GrowingMap[V]:
        """Return this map without a key; this one copies everything."""
        return GrowingMap({name: self[name] for name in self if name != key})

    def __getitem__(self, key: str) -> V:
        return self._recent[key] if key in self._recent else self._base[key]

    def __contains__(self, key: object) -> bool:
        return key in self._recent or key in self._base

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield from (key for key in self._recent if key not in self._base)

    def __len__(self) -> int:
        return len(self._base) + sum(key not in self._base for key in self._recent)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"GrowingMap({dict(self)!r})"
