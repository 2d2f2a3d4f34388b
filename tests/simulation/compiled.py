"""What Django makes of a shape of query, kept; and the way from there to the database and back."""

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Model, sql
from django.db.models.constants import OnConflict
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)

from tests.simulation import shapes

CHECKED = "SIMULATION_CHECKED" in os.environ

MOST_MADE = 5000  # values of a column that are kept at hand

Read = Callable[[tuple[Any, ...]], Any]
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

    def params(self, values: list[Any]) -> tuple[Any, ...]:
        return shapes.packed(self.packing, values)


EMPTY = Compiled(sql="", packing=[])
_DB = connections["default"]
_KNOWN: dict[Any, Compiled | None] = {}


def compiled(key: Hashable, values: list[Any], make: Make) -> Compiled | None:
    """None where Django is to be asked itself."""
    known = _KNOWN.get(key)
    if known is None and key not in _KNOWN:
        _KNOWN[key] = known = _compiled(values, make)
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
    return statement, params, _reader(queryset, compiler)


def update(asked: Any, changes: Any, values: list[Any]) -> tuple[str, Any, None]:
    query = asked.real(values).query.chain(sql.UpdateQuery)
    query.add_update_values(shapes.named(changes, values, [len(asked.held)]))
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


def compare_rows(rows: list[Any], queryset: Any) -> None:
    with heard_by():
        assert [_plain(row) for row in rows] == [_plain(row) for row in queryset]


def _plain(row: Any) -> Any:
    if not isinstance(row, Model):
        return row
    related = {name: _plain(each) for name, each in row._state.fields_cache.items() if not each._state.fields_cache}
    return {name: value for name, value in vars(row).items() if name != "_state"}, related, row._state.db


def _reader(queryset: Any, compiler: Any) -> Read | None:
    """How Django makes of a row what is asked for."""
    columns = [each[0] for each in compiler.select[: compiler.col_count]]
    if compiler.has_composite_fields(columns) or queryset._known_related_objects:
        return None
    converted = _converted(compiler, columns)
    if queryset._iterable_class is ModelIterable and not compiler.annotation_col_map:
        make = _instance(compiler)
        return lambda row: make(converted(row))
    if queryset._iterable_class is FlatValuesListIterable:
        return lambda row: converted(row)[0]
    if queryset._iterable_class is ValuesIterable:
        names = [*queryset.query.selected]
        return lambda row: dict(zip(names, converted(row), strict=True))
    if queryset._iterable_class is ValuesListIterable:
        return lambda row: tuple(converted(row))
    return None


def _converted(compiler: Any, columns: list[Any]) -> Callable[[tuple[Any, ...]], list[Any]]:
    steps = [(at, _once(*how)) for at, how in compiler.get_converters(columns).items()]

    def convert_all(row: tuple[Any, ...]) -> list[Any]:
        values = list(row)
        for at, convert in steps:
            if values[at] is not None:
                values[at] = convert(values[at])
        return values

    return convert_all


def _once(converters: list[Any], column: Any) -> Callable[[Any], Any]:
    """What cannot be changed is made of the same value once."""
    made: dict[Any, Any] = {}

    def convert(value: Any) -> Any:
        if value in made:
            return made[value]
        answer = value
        for each in converters:
            answer = each(answer, column, _DB)
        if isinstance(answer, UUID | datetime):
            if len(made) > MOST_MADE:
                made.clear()
            made[value] = answer
        return answer

    return convert


def _instance(compiler: Any) -> Callable[[list[Any]], Any]:
    model, fields = compiler.klass_info["model"], compiler.klass_info["select_fields"]
    begins, ends = fields[0], fields[-1] + 1
    names = [each[0].target.attname for each in compiler.select[begins:ends]]
    related = get_related_populators(compiler.klass_info, compiler.select, "default")

    def make(row: list[Any]) -> Any:
        made = model.from_db("default", names, row[begins:ends])
        for each in related:
            each.populate(row, made)
        return made

    return make


def insert(made: Model, *, ignore: bool = False) -> None:
    meta = made._meta
    numbered = meta.auto_field is not None and made.pk is None
    key = (type(made), "insert", numbered, ignore)
    fields = [field for field in meta.concrete_fields if not (numbered and field is meta.auto_field)]
    returned = [meta.pk] if numbered and not ignore else None
    known = _KNOWN.get(key)
    if known is None:
        known = _KNOWN[key] = Compiled(sql=_compiled_insert(made, fields, returned, ignore)[0], packing=[])
    params = tuple(field.get_db_prep_save(field.pre_save(made, True), _DB) for field in fields)
    assert not CHECKED or (known.sql, params) == _compiled_insert(made, fields, returned, ignore)
    cursor = run(known, params)
    if returned:
        made.pk = cursor.fetchone()[0]
    made._state.adding, made._state.db = False, "default"


def _compiled_insert(made: Model, fields: list[Any], returned: Any, ignore: bool) -> tuple[str, tuple[Any, ...]]:
    how = {"on_conflict": OnConflict.IGNORE, "update_fields": None, "unique_fields": None} if ignore else {}
    query = sql.InsertQuery(type(made), **how)
    query.insert_values(fields, [made])
    compiler = query.get_compiler("default")
    compiler.returning_fields = returned
    statement, params = compiler.as_sql()[0]
    return statement, tuple(params)


def run(known: Compiled, params: Any) -> Any:
    """As Django's cursor does, past all those who may have something to say about it."""
    execute = partial(_execute, known)
    for wrapper in reversed(_DB.execute_wrappers):
        execute = partial(wrapper, execute)
    try:
        return execute(known.sql, params, False, {"connection": _DB})
    except Exception:
        _DB.needs_rollback = _DB.in_atomic_block
        raise


def _execute(known: Compiled, statement: str, params: Any, many: bool, context: Any) -> Any:
    _DB.validate_no_broken_transaction()
    with _DB.wrap_database_errors:
        return _DB.connection.execute(known.marked, params)
