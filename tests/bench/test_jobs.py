"""What the bench asks of the site, it still finds there."""

import pytest

from tests.bench.jobs import Jobs


def test_the_web_server_is_the_one_that_serve_starts():
    command = Jobs().web_command(1234)
    assert {"granian", "exports_site.wsgi:application", "1234"} < set(command)


@pytest.mark.django_db
def test_jobs_are_made_with_their_accounts_and_told_of():
    jobs = Jobs()
    made = jobs.prepare(2)
    assert (len(made["jobs"]), len(made["cookies"])) == (2, 3)
    before = jobs.marks()
    jobs.update(rate=10, seconds=0.2)
    assert all(mark != known for mark, known in zip(jobs.marks(), before, strict=True))
