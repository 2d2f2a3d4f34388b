"""Rows that are read again: of each, only what has changed since is made into what Django makes of it."""

from collections.abc import Iterable, Mapping
from itertools import chain, compress
from operator import ne
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.db.models.base import ModelState

Raw = tuple[Any, ...]
Row = TypeVar("Row", bound=Model)


def raw(rows: QuerySet[Any, Any]) -> tuple[Any, Iterable[Raw]]:
    """As the database gives them, and what was asked."""
    compiler = rows.query.get_compiler(using=rows.db)
    return compiler, chain.from_iterable(compiler.execute_sql() or ())


class Again(Generic[Row]):
    """Dates, numbers and JSON cost more to make than a row costs to read, and most of a row stays as it is. A row that
    has not changed at all is given again as the same object: what it remembers of other rows may be old."""

    def __init__(self) -> None:
        self._read: dict[Any, tuple[Row, Raw]] = {}  # what was made, and from what

    def read(self, rows: QuerySet[Row], known: Mapping[Any, Row]) -> dict[Any, Row]:
        """By key. What is as it is `known` is the same; else another, which shares with it what has not changed."""
        compiler, found = raw(rows)
        columns = _Columns(compiler, rows.model._meta.pk.attname)
        keyed = ((columns.key_of(each), each) for each in found)
        return {pk: self._row(pk, each, known.get(pk), columns, rows) for pk, each in keyed}

    def forget(self, gone: Iterable[Any]) -> None:
        for pk in gone:
            self._read.pop(pk, None)

    def _row(self, pk: Any, now: Raw, known: Row | None, columns: "_Columns", rows: QuerySet[Row]) -> Row:
        """Somebody who failed halfway may know another than was made here last: then nothing is taken from it."""
        made, before = self._read.get(pk, (None, ()))
        if known is None or known is not made:
            row = _made(rows, columns.values(now, range(len(now))))
        elif now == before:
            return known
        else:
            same = {name: known.__dict__[name] for name in columns.names}
            row = _made(rows, same | columns.values(now, compress(range(len(now)), map(ne, now, before))))
        self._read[pk] = row, now
        return row


class _Columns:
    def __init__(self, compiler: Any, key: str) -> None:
        columns = [column for column, *_ in compiler.select]
        self.names = [column.target.attname for column in columns]
        self.key = self.names.index(key)
        self.connection = compiler.connection
        self.converters = compiler.get_converters(columns)

    def key_of(self, row: Raw) -> Any:
        return self._value(self.key, row)

    def values(self, row: Raw, numbers: Iterable[int]) -> dict[str, Any]:
        return {self.names[number]: self._value(number, row) for number in numbers}

    def _value(self, number: int, row: Raw) -> Any:
        value = row[number]
        converters, column = self.converters.get(number, ((), None))
        for convert in converters:
            value = convert(value, column, self.connection)
        return value


def _made(rows: QuerySet[Row], values: dict[str, Any]) -> Row:
    """As `from_db` makes it, which sets one attribute after the other. Nothing that is known with it is taken along."""
    row = rows.model.__new__(rows.model)
    row.__dict__ |= values
    row._state = ModelState()
    row._state.adding, row._state.db = False, rows.db
    return row
