"""From the rows of SQLite to what was asked for, by a function that is written for each shape of query."""

from collections.abc import Callable, Iterable
from datetime import datetime
from json import JSONDecoder
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import JSONField, Model
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)

Row = tuple[Any, ...]
Read = Callable[[Row], Any]

MOST_MADE = 5000  # values of a column that are kept at hand
_DB = connections["default"]
_SCAN = JSONDecoder().scan_once


class Made(dict[Any, Any]):
    """What is made of the values of a column; what cannot be changed is made of the same value once."""

    def __init__(self, converters: list[Any], column: Any) -> None:
        super().__init__({None: None})
        self.converters, self.column = converters, column

    def __missing__(self, value: Any) -> Any:
        answer = value
        for each in self.converters:
            answer = each(answer, self.column, _DB)
        if isinstance(answer, UUID | datetime | bool):
            if len(self) > MOST_MADE:
                self.clear()
                self[None] = None
            self[value] = answer
        return answer


def reader(queryset: Any, compiler: Any) -> Read | None:
    """How Django makes of a row what is asked for; None where that is left to Django."""
    columns = [each[0] for each in compiler.select[: compiler.col_count]]
    if compiler.has_composite_fields(columns) or queryset._known_related_objects:
        return None
    if queryset._iterable_class is ModelIterable and not compiler.annotation_col_map:
        return _instance(compiler, columns)
    if queryset._iterable_class is FlatValuesListIterable:
        return _written("made", compiler, columns[:1], "{0}")
    if queryset._iterable_class is ValuesIterable:
        names = ", ".join(f"{name!r}: {{{at}}}" for at, name in enumerate(queryset.query.selected))
        return _written("made", compiler, columns, f"{{{{{names}}}}}")
    if queryset._iterable_class is ValuesListIterable:
        return _written("made", compiler, columns, f"({', '.join(f'{{{at}}}' for at in range(len(columns)))},)")
    return None


def compare_rows(rows: list[Any], asked: Iterable[Any]) -> None:
    assert [_plain(row) for row in rows] == [_plain(row) for row in asked]


def _plain(row: Any) -> Any:
    if not isinstance(row, Model):
        return row
    related = {name: _plain(each) for name, each in row._state.fields_cache.items() if not each._state.fields_cache}
    return {name: value for name, value in vars(row).items() if name != "_state"}, related, row._state.db


def _instance(compiler: Any, columns: list[Any]) -> Read:
    model, fields = compiler.klass_info["model"], compiler.klass_info["select_fields"]
    begins, ends = fields[0], fields[-1] + 1
    names = [each[0].target.attname for each in compiler.select[begins:ends]]
    related = get_related_populators(compiler.klass_info, compiler.select, "default")
    convert = _written("made", compiler, columns, f"[{', '.join(f'{{{at}}}' for at in range(len(columns)))}]")
    from_db = model.from_db
    if not related:
        return lambda row: from_db("default", names, convert(row))

    def make(row: Row) -> Any:
        values = convert(row)
        made = from_db("default", names, values[begins:ends])
        for each in related:
            each.populate(values, made)
        return made

    return make


def _written(name: str, compiler: Any, columns: list[Any], form: str) -> Read:
    """A function of one expression: a loop over the columns takes three times as long, and it is what takes longest."""
    known: dict[str, Any] = {"scan": _SCAN}
    terms = [f"row[{at}]" for at in range(len(columns))]
    for at, (converters, column) in compiler.get_converters(columns).items():
        if _is_json(converters, column):
            terms[at] = f"(None if row[{at}] is None else scan(row[{at}], 0)[0])"
        else:
            known[f"made{at}"] = Made(converters, column)
            terms[at] = f"made{at}[row[{at}]]"
    exec(f"def {name}(row): return {form.format(*terms)}", known)
    return known[name]  # type: ignore[no-any-return]


def _is_json(converters: list[Any], column: Any) -> bool:
    """A whole document, as the simulation's own database keeps it."""
    field = column.output_field
    return type(field) is JSONField and field.decoder is None and converters == [field.from_db_value]
