"""What Django makes of a shape of query, kept; and the way from there to the database and back."""

import os
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Case, Value, When, sql

from tests.simulation import shapes
from tests.simulation.reading import Read, reader

CHECKED = "SIMULATION_CHECKED" in os.environ

Make = Callable[[list[Any]], tuple[str, Any, Read | None]]  # of values: a statement, its parameters, and how to read it


@dataclass(kw_only=True)
class Compiled:
    sql: str
    packing: list[tuple[int | None, Any]]
    read: Read | None = None

    @cached_property
    def marked(self) -> str:
        """As SQLite takes it."""
        return self.sql.replace("%s", "?").replace("%%", "%")

    @cached_property
    def params(self) -> Callable[[list[Any]], tuple[Any, ...]]:
        return shapes.packer(self.packing)

    def execute(self, statement: str, params: Any, many: bool, context: Any) -> Any:
        if _DB.needs_rollback:
            _DB.validate_no_broken_transaction()
        try:
            return _DB.connection.execute(self.marked, params)
        except sqlite3.Error:
            with _DB.wrap_database_errors:
                raise


EMPTY = Compiled(sql="", packing=[])
_DB = connections["default"]
_CONTEXT = {"connection": _DB}


def compiled(known_ones: dict[Any, Compiled | None], key: Hashable, values: list[Any], make: Make) -> Compiled | None:
    """By its key among those of one shape; None where Django is to be asked itself."""
    known = known_ones.get(key)
    if known is None and key not in known_ones:
        known_ones[key] = known = _compiled(values, make)
    elif CHECKED and known is not None:
        _compare(known, values, make)
    return known


def _compiled(values: list[Any], make: Make) -> Compiled | None:
    try:
        statement, params, read = make(values)
    except EmptyResultSet:
        return EMPTY
    try:
        packing = shapes.packing(values, make(shapes.unlikely(values))[1])
        known = Compiled(sql=statement, packing=packing, read=read)
    except (shapes.Shapeless, EmptyResultSet, ValueError, TypeError):
        return None
    return known if _same(known.params(values), params) else None


def _compare(known: Compiled, values: list[Any], make: Make) -> None:
    try:
        statement, params, _ = make(values)
    except EmptyResultSet:
        assert known is EMPTY, known.sql
        return
    assert statement == known.sql
    assert _same(known.params(values), params), (statement, params, values)


def _same(some: Any, others: Any) -> bool:
    return [(type(each), each) for each in some] == [(type(each), each) for each in others]


def select(asked: Any, values: list[Any]) -> tuple[str, Any, Read | None]:
    queryset = asked.real(values)
    compiler = queryset.query.get_compiler("default")
    statement, params = compiler.as_sql()
    return statement, params, reader(queryset, compiler)


def update(asked: Any, changes: Any, values: list[Any]) -> tuple[str, Any, None]:
    query = asked.real(values).query.chain(sql.UpdateQuery)
    query.add_update_values(shapes.named(changes, values, [len(asked.held)]))
    query.clear_select_clause()
    return *query.get_compiler("default").as_sql(), None


def bulk_update(asked: Any, names: Sequence[str], shape: Any, values: list[Any]) -> tuple[str, Any, None]:
    """`values`: of each row its key, then what the fields become."""
    rows = shapes.again(shape, values, [0])
    changes = {}
    for at, name in enumerate(names, 1):
        field = asked.model._meta.get_field(name)
        cases = [When(pk=row[0], then=Value(row[at], output_field=field)) for row in rows]
        changes[field.attname] = Case(*cases, output_field=field)
    query = asked.real([]).filter(pk__in=[row[0] for row in rows]).query.chain(sql.UpdateQuery)
    query.add_update_values(changes)
    query.clear_select_clause()
    return *query.get_compiler("default").as_sql(), None


def count(asked: Any, values: list[Any]) -> tuple[str, Any, None]:
    def catch(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        raise Caught(statement, params)

    try:
        with heard_by(catch):
            asked.real(values).count()
    except Caught as caught:
        return *caught.args, None
    raise EmptyResultSet


class Caught(Exception):
    """A statement before it is run."""


@contextmanager
def heard_by(*wrappers: Any) -> Iterator[None]:
    """By nobody else: no point at which another could come in between."""
    before, _DB.execute_wrappers = _DB.execute_wrappers, [*wrappers]
    try:
        yield
    finally:
        _DB.execute_wrappers = before


def run(known: Compiled, params: Any) -> Any:
    """As Django's cursor does, past all those who may have something to say about it."""
    execute: Any = known.execute
    wrappers = _DB.execute_wrappers
    for wrapper in reversed(wrappers[1:]):
        execute = partial(wrapper, execute)
    try:
        if wrappers:
            return wrappers[0](execute, known.sql, params, False, _CONTEXT)
        return execute(known.sql, params, False, _CONTEXT)
    except Exception:
        _DB.needs_rollback = _DB.in_atomic_block
        raise
