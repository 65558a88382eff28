"""`dataclass` as in the standard library, without its cost at import.

The standard library compiles up to seven methods of each class when its module is imported, which
takes about 1 ms for each class. Here `__init__` is compiled when a class gets its first instance,
and the classes share the other methods. fields(), replace() and asdict() of dataclasses work as
usual.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]


def _dataclass(
    decorated: type[Any] | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
) -> Any:
    """Returns the class, or without one a decorator. The options are those of the standard
    library.
    """

    def decorate(plain: type[Any]) -> type[Any]:
        # A class that defines __eq__ only has None as __hash__.
        own = {name for name, value in vars(plain).items() if value is not None}
        # Without a docstring, dataclasses would compute the signature, which takes milliseconds.
        plain.__doc__ = plain.__doc__ or plain.__name__
        given = {"slots": slots, "kw_only": kw_only}
        cls = dataclasses.dataclass(plain, init=False, repr=False, eq=False, **given)
        methods: dict[str, Any] = {"__init__": _first_init(cls, frozen=frozen), "__repr__": _repr}
        if eq:
            methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
        if frozen:
            methods |= {"__setattr__": _refuse_change, "__delattr__": _refuse_change}
        if frozen and slots:  # the default would set attributes, which is refused
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
        for name in methods.keys() - own:
            setattr(cls, name, methods[name])
        return cls

    return decorate if decorated is None else decorate(decorated)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _first_init(cls: type[Any], *, frozen: bool) -> Callable[..., None]:
    """Returns a method __init__ that replaces itself by the compiled one."""

    def __init__(self: object, /, *values: object, **named: object) -> None:  # noqa: N807
        cls.__init__ = compiled = _compiled_init(cls, frozen=frozen)
        compiled(self, *values, **named)

    return __init__


def _compiled_init(cls: type[Any], *, frozen: bool) -> Callable[..., None]:
    names: dict[str, Any] = {"MISSING": MISSING, "set_field": object.__setattr__}
    parameters, lines = ["self"], ["pass"]
    by_name: list[str] = []
    for field in fields(cls):
        name = value = parameter = field.name
        if not field.init and field.default is field.default_factory is MISSING:
            continue
        if field.default is not MISSING:
            parameter, names[f"default_{name}"] = f"{name}=default_{name}", field.default
        elif field.default_factory is not MISSING:
            parameter, names[f"make_{name}"] = f"{name}=MISSING", field.default_factory
            value = f"make_{name}() if {name} is MISSING else {name}"
        if field.init:
            (by_name if field.kw_only else parameters).append(parameter)
        else:
            value = f"default_{name}" if field.default is not MISSING else f"make_{name}()"
        lines.append(f"set_field(self, '{name}', {value})" if frozen else f"self.{name} = {value}")
    if by_name:
        parameters += ["*", *by_name]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines), names)
    compiled: Callable[..., None] = names["__init__"]
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


@cache
def _compared(cls: type[Any]) -> Callable[[object], object]:
    """Returns a function that returns the values of the fields that are compared."""
    names = [field.name for field in fields(cls) if field.compare]
    if len(names) < 2:  # a tuple too: it compares identical values as equal, such as NaN
        return lambda instance: tuple([getattr(instance, name) for name in names])
    return attrgetter(*names)


def _values(instance: object) -> object:
    cls: Any = type(instance)
    return _compared(cls)(instance)


def _eq(self: object, other: object) -> Any:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


def _refuse_change(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r}")
