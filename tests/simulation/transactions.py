"""Transactions without most of Django's bookkeeping: the same statements in the same order, and as much a point each.

Only what the one database of a simulation cannot need is left out: to look for the connection by its name, to ask
whether it is still open, whether another thread has it, and how autocommit stands.
"""

from django.db import connections, transaction

from tests.simulation.compiled import Compiled, run

_DB = connections["default"]
_BEGIN = Compiled(sql="BEGIN", packing=[])
_KNOWN: dict[str, Compiled] = {}

Savepoint = tuple[str, int]


def quicken() -> None:
    """From now on, in this process."""
    _DB.ensure_connection()  # by Django, which sets it up
    transaction.get_connection = lambda using=None: _DB  # type: ignore[assignment]
    _DB.get_autocommit = lambda: _DB.autocommit
    _DB.set_autocommit = _set_autocommit
    _DB.commit, _DB.rollback = _commit, _rollback
    _DB.savepoint, _DB.savepoint_commit, _DB.savepoint_rollback = _savepoint, _released, _rolled_back


def _set_autocommit(autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
    if not autocommit:
        run(_BEGIN, ())
    _DB.autocommit = autocommit
    if autocommit and _DB.run_commit_hooks_on_set_autocommit_on:
        if _DB.run_on_commit:
            _DB.run_and_clear_commit_hooks()
        _DB.run_commit_hooks_on_set_autocommit_on = False


def _commit() -> None:
    _DB.connection.commit()
    _DB.run_commit_hooks_on_set_autocommit_on = True


def _rollback() -> None:
    _DB.connection.rollback()
    _DB.needs_rollback = False
    _DB.run_on_commit = []


def _savepoint() -> Savepoint:
    """In SQL by how deep it is, so that SQLite knows the statement; among those on commit by a number of its own."""
    _DB.savepoint_state += 1
    made = f"s{len(_DB.savepoint_ids)}", _DB.savepoint_state
    _run("SAVEPOINT", made)
    return made


def _released(made: Savepoint) -> None:
    _run("RELEASE SAVEPOINT", made)


def _rolled_back(made: Savepoint) -> None:
    _run("ROLLBACK TO SAVEPOINT", made)
    _DB.run_on_commit = [each for each in _DB.run_on_commit if made not in each[0]]


def _run(verb: str, made: Savepoint) -> None:
    statement = f"{verb} {made[0]}"
    known = _KNOWN.get(statement)
    if known is None:
        known = _KNOWN[statement] = Compiled(sql=statement, packing=[])
    run(known, ())
