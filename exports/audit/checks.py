"""The checks there are, by name, each told in a sentence."""

from collections.abc import Callable
from dataclasses import dataclass

from exports.audit import rows
from exports.audit.cases import Case
from exports.audit.rows import Moment, Sentences

BY_HAND = "Nothing mends this by itself. Compare the timeline in the admin with the log, and report it."


@dataclass(frozen=True, kw_only=True)
class Check:
    """`of_rows` judges one export by its rows alone; `turns` looks have to find the same before it is believed."""

    name: str
    says: str
    person: str = BY_HAND  # what a person can do about it
    mends: bool = False  # whether reconcile can
    of_rows: Callable[[Case, Moment], Sentences] | None = None
    turns: int = 2


CHECKS = {
    check.name: check
    for check in (
        Check(
            name="timeline",
            says="The events of an export follow from one another and lead to what its row says.",
            of_rows=rows.timeline,
        ),
        Check(
            name="bar",
            says="The percent that is shown never fell, and is 100 where the export is complete.",
            of_rows=rows.bar,
        ),
        Check(name="numbers", says="Attempts are numbered from 1 without gaps.", of_rows=rows.numbers),
        Check(name="one_open", says="At most the latest attempt is open.", of_rows=rows.one_open),
        Check(
            name="one_ok",
            says="At most one attempt ended well, and one more for each result that did not pass.",
            of_rows=rows.one_ok,
        ),
        Check(
            name="due",
            says="Whoever is not finished is looked at again, and soon where it is due.",
            person="Look at the log of the cluster for what keeps its step from being taken.",
            mends=True,
            of_rows=rows.due,
            turns=8,
        ),
        Check(
            name="calls",
            says="What ran for an attempt that is over has ended.",
            person="Look whether its process or call still runs, and end it there.",
            mends=True,
            of_rows=rows.calls,
        ),
        Check(name="notices", says="The notice of every ending is owed, once.", of_rows=rows.notices),
        Check(
            name="messages",
            says="A message of an ending has its notice, and what is due to be sent is sent within the hour.",
            person="Look at the deliveries in the admin, and at the log of the cluster for what keeps them back.",
            of_rows=rows.messages,
        ),
        Check(
            name="result",
            says="What is complete has a result in the store, of its size; with --deep, with its sha256.",
            person="Bring the object back from a backup, or export the film anew.",
        ),
        Check(
            name="sources",
            says="Every source that is stored has its file, of its size.",
            person="Bring the object back from a backup, or upload the file again.",
        ),
        Check(
            name="objects",
            says="Every object older than a day belongs to an attempt, a source or a project.",
            person="`manage.py tidy_store` deletes it; what that leaves, another program has put there.",
        ),
    )
}
