"""The doorbell of the cluster. It only wakes: what is to be done stands in the rows, and would be found without it."""

from django_q.tasks import async_task


def ring() -> None:
    """Rung in a transaction, it sounds when that is committed."""
    async_task("exports.tasks.drive", save=False)
