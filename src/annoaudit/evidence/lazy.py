"""A property that is computed once, or says once why it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, cast, overload

from annoaudit.errors import Unavailable

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["lazy"]

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - used as a decorator, like cached_property
    """Compute once and keep the value, or keep the reason why it is unavailable."""

    def __init__(self, make: Callable[[Evidence], T]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[T]: ...
    @overload
    def __get__(self, instance: Evidence, owner: type) -> T: ...

    def __get__(self, instance: Evidence | None, owner: type) -> T | lazy[T]:
        if instance is None:
            return self
        if self.name not in instance.kept:
            try:
                instance.kept[self.name] = self.make(instance)
            except Unavailable as reason:
                instance.kept[self.name] = reason
        value = instance.kept[self.name]
        if isinstance(value, Unavailable):
            raise value
        return cast(T, value)
