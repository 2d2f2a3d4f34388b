"""Small pictures out of the store, shown in pages and of no use for anything else."""

import pytest

from exports.tools import tools
from exports.views.pictures import shown

pytestmark = pytest.mark.django_db


def test_a_picture_is_a_picture_and_nothing_else():
    tools().store.put("projects/p/thumb.jpg", b"<svg onload='alert(1)'/>")
    answer = shown("projects/p/thumb.jpg")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
