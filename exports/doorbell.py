"""The doorbells of the cluster. They only wake: what is to be done stands in rows, and would be found without them."""

from django_q.tasks import async_task


def ring() -> None:
    """Rung in a transaction, it sounds when that is committed."""
    async_task("exports.tasks.drive", save=False)


def ring_for_deliveries() -> None:
    async_task("exports.tasks.deliver", save=False)
