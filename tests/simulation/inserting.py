"""New rows, by statements that Django made once for each model and number of rows."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from django.db import connections
from django.db.models import DateField, Field, JSONField, Model, sql
from django.db.models.constants import OnConflict

from tests.simulation import shapes
from tests.simulation.compiled import CHECKED, Compiled, run

_DB = connections["default"]
_KNOWN: dict[Hashable, "Known"] = {}


class Known:
    def __init__(self, made: Sequence[Model], *, numbered: bool, ignore: bool) -> None:
        meta = made[0]._meta
        self.fields = [field for field in meta.concrete_fields if not (numbered and field is meta.auto_field)]
        self.returned = [meta.pk] if numbered and not ignore else None
        self.ignore = ignore
        self.compiled = Compiled(sql=self.by_django(made)[0], packing=[])
        self.columns = [(field.attname, _packing(field)) for field in self.fields]

    def params(self, made: Sequence[Model]) -> tuple[Any, ...]:
        return tuple(
            [pack(each, values[name]) for each in made for values in (vars(each),) for name, pack in self.columns]
        )

    def by_django(self, made: Sequence[Model]) -> tuple[str, tuple[Any, ...]]:
        how = {"on_conflict": OnConflict.IGNORE, "update_fields": None, "unique_fields": None} if self.ignore else {}
        query = sql.InsertQuery(type(made[0]), **how)
        query.insert_values(self.fields, made)
        compiler = query.get_compiler("default")
        compiler.returning_fields = self.returned
        statement, params = compiler.as_sql()[0]
        return statement, tuple(params)


def insert(made: Sequence[Model], *, ignore: bool = False) -> None:
    first = made[0]
    numbered = first._meta.auto_field is not None and first.pk is None
    key = (type(first), len(made), numbered, ignore)
    known = _KNOWN.get(key)
    if known is None:
        known = _KNOWN[key] = Known(made, numbered=numbered, ignore=ignore)
    params = known.params(made)
    assert not CHECKED or (known.compiled.sql, params) == known.by_django(made)
    cursor = run(known.compiled, params)
    if known.returned:
        first.pk = cursor.fetchone()[0]
    for each in made:
        each._state.adding, each._state.db = False, "default"


def _packing(field: Field) -> Callable[[Model, Any], Any]:
    """How the value of a field becomes a parameter."""
    if isinstance(field, DateField) and (field.auto_now or field.auto_now_add):
        return lambda made, value: field.get_db_prep_save(field.pre_save(made, True), _DB)
    packed = dict(shapes.PACKED)
    if type(field) is JSONField and field.encoder is None:
        packed |= dict.fromkeys((str, int, float, bool, list, dict), shapes.json_of)

    def pack(made: Model, value: Any) -> Any:
        how = packed.get(type(value))
        return how(value) if how else field.get_db_prep_save(value, _DB)

    return pack
