"""A queryset as a shape and its values: two calls that differ in nothing but values have one shape."""

import datetime as dt
import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Field, Model, Q
from django.db.models.expressions import BaseExpression

EPOCH = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
FAR = 700_000_000

BY_NAMES = frozenset({"order_by", "select_related", "values_list", "values"})  # what they are given are no values
REAL: dict[type[Model], Any] = {}  # the managers that Django made

Call = tuple[Any, ...]  # a method of a queryset and the shapes of what it was given
Pack = Callable[[Any], Any]  # a value as the database takes it


class Node:
    """A shape: the calls that lead to it. There is one of each, so that only its last call has to be looked up."""

    def __init__(self, model: type[Model], calls: tuple[Call, ...] = ()) -> None:
        self.model, self.calls = model, calls
        self.after: dict[Call, Node] = {}
        self.known: dict[Hashable, Any] = {}  # what is compiled of it
        self.ordered = any(name == "order_by" and names for name, names, *_ in calls)

    def then(self, call: Call) -> "Node":
        node = self.after.get(call)
        if node is None:
            node = self.after[call] = Node(self.model, (*self.calls, call))
        return node


class Shapeless(Exception):
    """Something of which it is not known here how it becomes SQL; Django is asked each time."""


def of(value: Any, values: list[Any], *, whole: bool = False) -> Hashable:
    """What may differ the next time goes into `values`. Of what is `whole`, lists and mappings are values."""
    kind = type(value)
    leaf = LEAVES.get(kind)
    if leaf is not None:
        values.append(value)
        return leaf
    if value is None or kind is bool:
        return value
    if kind is str:
        values.append(value)
        return "uuid in words" if len(value) == 36 and value[8] == value[13] == "-" else "str"
    if kind is Q:
        return ("Q", value.connector, value.negated, *[_condition(child, values) for child in value.children])
    if isinstance(value, str):
        values.append(value)
        return "str"
    if kind in (dict, list, tuple, set, frozenset):
        if whole and kind in (dict, list):
            values.append(value)
            return "json"
        return ("list", *[of(each, values) for each in value])
    return _of_another(kind, value, values)


def _of_another(kind: type[Any], value: Any, values: list[Any]) -> Hashable:
    if isinstance(value, Model):
        return of(value.pk, values)
    if kind is F:
        return ("F", value.name)
    if isinstance(value, Field):
        return ("field", kind)
    if hasattr(value, "held"):  # a queryset within another
        values.extend(value.held)
        return ("asked", value.node)
    if isinstance(value, BaseExpression):
        args, kwargs = value._constructor_args
        shapes = tuple([("word", each) if type(each) is str else of(each, values, whole=True) for each in args])
        return ("expression", kind, shapes, keywords(kwargs, values))
    raise Shapeless(kind)


def keywords(given: dict[str, Any], values: list[Any], *, whole: bool = False) -> Hashable:
    return tuple([(name, of(value, values, whole=whole)) for name, value in given.items()])


def _condition(child: Any, values: list[Any]) -> Hashable:
    return of(child, values) if isinstance(child, Q) else ("is", child[0], of(child[1], values))


def again(shape: Any, values: Sequence[Any], at: list[int]) -> Any:
    """What has this shape, of these values."""
    if shape is None or type(shape) is bool:
        return shape
    if type(shape) is str:
        at[0] += 1
        return values[at[0] - 1]
    match shape:
        case ("list", *items):
            return [again(each, values, at) for each in items]
        case ("Q", connector, negated, *children):
            return Q(*(_child(each, values, at) for each in children), _connector=connector, _negated=negated)
        case ("F", name):
            return F(name)
        case ("word", word):
            return word
        case ("field", kind):
            return kind()
        case ("asked", node):
            return queryset(node, values, at)
        case ("expression", kind, args, kwargs):
            return kind(*(again(each, values, at) for each in args), **named(kwargs, values, at))
    raise Shapeless(shape)


def named(shape: Any, values: Sequence[Any], at: list[int]) -> dict[str, Any]:
    return {name: again(each, values, at) for name, each in shape}


def queryset(node: "Node", values: Sequence[Any], at: list[int]) -> Any:
    """Django's own, as it was asked for."""
    asked = REAL[node.model].all()
    for name, *how in node.calls:
        if name == "[]":
            asked = asked[slice(*how)]
        elif name in BY_NAMES:
            asked = getattr(asked, name)(*how[0], **dict(how[1]))
        else:
            args = [again(each, values, at) for each in how[0]]
            asked = getattr(asked, name)(*args, **named(how[1], values, at))
    return asked


def _child(shape: Any, values: Sequence[Any], at: list[int]) -> Any:
    return (shape[1], again(shape[2], values, at)) if shape[0] == "is" else again(shape, values, at)


def _as_is(value: Any) -> Any:
    return value


def _hex(value: Any) -> str:
    return value.hex


def _hex_of_words(value: Any) -> str:
    return value.replace("-", "")


def _naive(value: Any) -> str:
    if value.tzinfo is dt.UTC:
        return str(value)[:-6]
    return str(value.astimezone(dt.UTC).replace(tzinfo=None))


json_of = json.JSONEncoder().encode  # what json.dumps comes to


def _microseconds(value: Any) -> int:
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds


LEAVES = {int: "int", float: "float", UUID: "uuid", dt.datetime: "datetime", dt.timedelta: "timedelta"}
# For each kind of value: one that occurs nowhere else, and the forms in which the database may take it.
UNLIKELY: dict[str, tuple[Callable[[int], Any], tuple[Pack, ...]]] = {
    "int": (lambda at: FAR + at, (_as_is,)),
    "float": (lambda at: FAR + at + 0.125, (_as_is,)),
    "str": (lambda at: f"unlikely-{at}-", (_as_is,)),
    "uuid": (lambda at: UUID(int=FAR + at), (_hex,)),
    "uuid in words": (lambda at: str(UUID(int=FAR + at)), (_hex_of_words, _as_is)),
    "datetime": (lambda at: EPOCH + dt.timedelta(seconds=at), (_naive,)),
    "timedelta": (lambda at: dt.timedelta(days=FAR, seconds=at), (_microseconds,)),
    "json": (lambda at: {"unlikely": at}, (json_of,)),
}
PACKED: dict[type, Pack] = {  # by the field that it is for, wherever that does not know better
    type(None): _as_is, str: _as_is, int: _as_is, float: _as_is, bool: _as_is,
    UUID: _hex, dt.datetime: _naive, dt.timedelta: _microseconds,
}  # fmt: skip


def kinds_of(values: Sequence[Any]) -> list[str]:
    kinds: list[str] = []
    for value in values:
        shape = of(value, [], whole=True)
        if not isinstance(shape, str):
            raise Shapeless(shape)
        kinds.append(shape)
    return kinds


def unlikely(values: Sequence[Any]) -> list[Any]:
    """Of the same kinds, and each to be known again in what is made of it."""
    return [UNLIKELY[kind][0](at) for at, kind in enumerate(kinds_of(values))]


def packing(values: Sequence[Any], params: Sequence[Any]) -> list[tuple[int | None, Any]]:
    """For each parameter of SQL made of `unlikely(values)`: which value it is and how that is packed, or itself."""
    forms: dict[tuple[type, Any], tuple[int, Pack]] = {}
    for at, (kind, value) in enumerate(zip(kinds_of(values), unlikely(values), strict=True)):
        forms |= {(type(pack(value)), pack(value)): (at, pack) for pack in UNLIKELY[kind][1]}
    packed = [forms.get((type(param), param), (None, param)) for param in params]
    if {at for at, _ in packed} - {None} != set(range(len(values))):
        raise Shapeless("a value that is in no parameter of its own")
    return packed


def packer(how: Sequence[tuple[int | None, Any]]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """A function of one expression, as it is for what is read."""
    known = {f"pack{place}": pack for place, (_, pack) in enumerate(how)}
    terms = [_term(place, at, pack) for place, (at, pack) in enumerate(how)]
    exec(f"def packed(values): return ({''.join(f'{term}, ' for term in terms)})", known)
    return known["packed"]


def _term(place: int, at: int | None, pack: Any) -> str:
    if at is None:
        return f"pack{place}"
    return f"values[{at}]" if pack is _as_is else f"pack{place}(values[{at}])"
