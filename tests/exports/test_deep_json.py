"""JSON that is nested deeper than Python reads is nonsense like any other, wherever it comes from."""

import json

import pytest

from exports.staff.files import shown
from exports_site.asgi import _known
from modal_functions.wire import unpack
from progress import report
from progress.errors import Refused

DEEP = (b"[" * 100_000, b'{"a":' * 100_000)


@pytest.mark.parametrize("body", DEEP)
def test_it_is_refused_where_work_is_read(body):
    with pytest.raises(ValueError, match="nested too deeply"):
        unpack(body)
    with pytest.raises(Refused):
        report.parse(body)


@pytest.mark.parametrize("body", DEEP)
def test_it_is_shown_as_it_stands_to_staff(body):
    assert shown(body) == body.decode()


@pytest.mark.parametrize("body", DEEP)
def test_a_page_that_claims_it_of_its_last_news_has_none(body):
    assert _known({"headers": [(b"last-event-id", body)]}) == {}
    assert len(_known({"headers": [(b"last-event-id", json.dumps({"0" * 32: 3}).encode())]})) == 1
