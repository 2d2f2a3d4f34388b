"""The ORM of production code, compiled once: a queryset whose shape was met before runs the SQL that Django made of it.

Most of a schedule is Django making the same few dozen statements again and again. Here the managers of the models
are replaced by ones that write down what is asked of them. The first time, Django compiles it twice: with its
values, and with unlikely ones, which tell where each value goes. From then on only the statement is run. What has no
known shape is Django's own as ever. With SIMULATION_CHECKED Django is asked each time, and must say the same: each
statement, each parameter, each row.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState

from tests.simulation import compiled, shapes
from tests.simulation.compiled import CHECKED, EMPTY, run
from tests.simulation.inserting import insert
from tests.simulation.reading import compare_rows
from tests.simulation.shapes import Node

MOST_FOUND = 21  # as Django's get() asks for
MOST_MADE = 20  # rows that surely go into one statement


def remember(*models: type[Model]) -> None:
    """From now on, for all who ask these models."""
    for model in models:
        _keep_what_is_made_of_managers(model)
    for model in models:
        shapes.REAL[model] = model.objects
        model.objects = model._meta.default_manager = Remembered(Node(model))
        model.from_db = classmethod(partial(_from_db, model.from_db.__func__))
    for model in models:
        for relation in model._meta.related_objects:
            if relation.one_to_many and relation.related_model in models:
                setattr(model, relation.get_accessor_name(), property(partial(_related, relation)))


def _keep_what_is_made_of_managers(model: type[Model]) -> None:
    """Of the class of a manager Django makes another for each relation that leads to it, when it is first needed."""
    for field in model._meta.concrete_fields:
        if field.remote_field is not None:
            name = field.remote_field.get_accessor_name()
            made = vars(field.related_model).get(name) if name else None
            getattr(made, "related_manager_cls", None)


def _from_db(whole: Callable[..., Model], model: type[Model], db: str, names: list[str], values: Any) -> Model:
    """A row with all its columns needs none of what Model() does for the others."""
    if len(names) != len(model._meta.concrete_fields):
        return whole(model, db, names, values)
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, db
    vars(made).update(zip(names, values, strict=True))
    return made


def _related(relation: Any, one: Model) -> "Remembered":
    field, manager = relation.field, relation.related_model.objects
    return Remembered(manager.node, of=(field, one)).filter(**{field.name: one})


class Remembered:
    """A manager or a queryset: a model, what was called on it, and with which values."""

    __slots__ = ("held", "model", "node", "of_one", "rows")

    def __init__(self, node: Node, held: list[Any] | tuple[()] = (), of: Any = None) -> None:
        self.node, self.model, self.held, self.of_one = node, node.model, held, of
        self.rows: list[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        own = getattr(type(shapes.REAL[self.model].all()), name, None)
        if isinstance(own, FunctionType) and not hasattr(QuerySet, name):
            return MethodType(own, self)  # a verb of the queryset's own, made of the others
        return getattr(self.real() if self.node.calls else shapes.REAL[self.model], name)

    def filter(self, *conditions: Any, **named: Any) -> "Remembered":
        return self._chained("filter", *conditions, **named)

    def exclude(self, *conditions: Any, **named: Any) -> "Remembered":
        return self._chained("exclude", *conditions, **named)

    def select_for_update(self, **how: Any) -> "Remembered":
        return self._chained("select_for_update", **how)

    def order_by(self, *names: str) -> "Remembered":
        return self._by_names("order_by", names)

    def select_related(self, *names: str) -> "Remembered":
        return self._by_names("select_related", names)

    def values(self, *names: str) -> "Remembered":
        return self._by_names("values", names)

    def values_list(self, *names: str, **how: bool) -> "Remembered":
        return self._by_names("values_list", names, tuple(how.items()))

    def __getitem__(self, at: Any) -> Any:
        if self.rows is not None or not isinstance(at, slice):
            return self._rows()[at]
        return self._then(("[]", at.start, at.stop), self.held)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows())

    def __len__(self) -> int:
        return len(self._rows())

    def __bool__(self) -> bool:
        return bool(self._rows())

    def get(self, *args: Any, **kwargs: Any) -> Any:
        found = self.filter(*args, **kwargs).order_by()[:MOST_FOUND]._rows()
        if len(found) != 1:
            raise self.model.MultipleObjectsReturned if found else self.model.DoesNotExist
        return found[0]

    def first(self) -> Any:
        return next(iter(self._ordered("pk")[:1]._rows()), None)

    def last(self) -> Any:
        return next(iter(self._ordered("-pk", "reverse")[:1]._rows()), None)

    def in_bulk(self, ids: Iterable[Any]) -> dict[Any, Any]:
        return {row.pk: row for row in self.filter(pk__in=list(ids))}

    def count(self) -> int:
        known = compiled.compiled(self.node.known, "count", list(self.held), partial(compiled.count, self))
        if known is None or known is EMPTY:
            return self.real().count()
        return run(known, known.params(self.held)).fetchone()[0]

    def update(self, **changes: Any) -> int:
        values = list(self.held)
        try:
            shape = shapes.keywords(changes, values, whole=True)
            known = compiled.compiled(self.node.known, shape, values, partial(compiled.update, self, shape))
        except shapes.Shapeless:
            known = None
        if known is None:
            return self.real().update(**changes)
        return 0 if known is EMPTY else run(known, known.params(values)).rowcount

    def bulk_update(self, made: Iterable[Any], names: Sequence[str]) -> int:
        made, values = list(made), []
        rows = [(each.pk, *(getattr(each, name) for name in names)) for each in made]
        shape = shapes.of(rows, values)
        make = partial(compiled.bulk_update, self, names, shape)
        known = compiled.compiled(self.node.known, ("bulk_update", *names, shape), values, make)
        if not made or self.node.calls or known in (None, EMPTY):
            return self.real().bulk_update(made, names)
        with transaction.atomic(savepoint=False):
            return run(known, known.params(values)).rowcount

    def create(self, **given: Any) -> Any:
        made = self.model(**given)
        insert([made])
        return made

    def bulk_create(self, made: Iterable[Any], **how: Any) -> list[Any]:
        made = list(made)
        numbered = sum(each.pk is None for each in made)
        if how not in ({}, {"ignore_conflicts": True}) or numbered not in (0, len(made)) or len(made) > MOST_MADE:
            return self.real().bulk_create(made, **how)
        if len(made) > 1 and not how and numbered:  # they would be told their numbers
            return self.real().bulk_create(made)
        if made:
            with transaction.atomic(savepoint=False):
                insert(made, ignore=bool(how))
        return made

    def real(self, values: Iterable[Any] | None = None) -> Any:
        return shapes.queryset(self.node, list(self.held if values is None else values), [0])

    def _by_names(self, name: str, names: tuple[str, ...], how: tuple[Any, ...] = ()) -> "Remembered":
        return self._then((name, names, how), self.held)

    def _chained(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        values = list(self.held)
        try:
            shape = tuple([shapes.of(each, values) for each in args]), shapes.keywords(kwargs, values)
        except shapes.Shapeless:
            return getattr(self.real(), name)(*args, **kwargs)
        return self._then((name, *shape), values)

    def _then(self, call: shapes.Call, held: list[Any] | tuple[()]) -> "Remembered":
        return Remembered(self.node.then(call), held, self.of_one)

    def _ordered(self, otherwise: str, turned: str = "") -> "Remembered":
        if self.node.ordered or self.model._meta.ordering:
            return self._chained(turned) if turned else self
        return self.order_by(otherwise)

    def _rows(self) -> list[Any]:
        if self.rows is None:
            held = list(self.held)
            known = compiled.compiled(self.node.known, "select", held, partial(compiled.select, self))
            if known is EMPTY:
                self.rows = []
            elif known is None or known.read is None:
                self.rows = list(self.real())
            else:
                self.rows = [*map(known.read, run(known, known.params(held)).fetchall())]
                if CHECKED:
                    with compiled.heard_by():
                        compare_rows(self.rows, self.real())
                self._belongs()
        return self.rows

    def _belongs(self) -> None:
        """What was asked of one row leads back to it, as Django has it."""
        if self.of_one is not None:
            field, one = self.of_one
            for row in self.rows or ():
                if isinstance(row, Model) and not field.is_cached(row):
                    setattr(row, field.name, one)
