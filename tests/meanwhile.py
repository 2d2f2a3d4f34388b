"""Somebody else acts on a connection of their own: at a moment within what this one does, or at the same."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, connections


@contextmanager
def meanwhile(act, *, when, wait=None):
    """Once, behind the first statement of which `when` says so. `wait`: so long at most, in seconds, where who acts may
    have to wait for this connection."""
    wrong = []

    def on_another():
        try:
            act()
        except Exception as error:  # noqa: BLE001 - said below, in the thread of the test
            wrong.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=on_another)

    def said(execute, statement, *given):
        result = execute(statement, *given)
        if other.ident is None and when(statement):
            other.start()
            other.join(wait)
        return result

    with connection.execute_wrapper(said):
        yield other
    if other.ident is not None:
        other.join()
    assert wrong == []


def after(sql):
    return lambda statement: sql in statement


class Nth:
    """The so-manieth statement that is in no transaction: there, whoever acts need not wait for us."""

    def __init__(self, number):
        self.left = number

    def __call__(self, statement):
        if connection.in_atomic_block or not statement.startswith("SELECT"):
            return False
        self.left -= 1
        return self.left == 0


def at_once(*acts, told=()):
    """Each act in a thread of its own, on a connection of its own, from the same moment on. Errors of these sorts are
    results, too."""
    together = threading.Barrier(len(acts))

    def run(act):
        try:
            together.wait()
            return act()
        except told as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]
