"""That nothing of a film can be copied is said only where that is so; asked of footage of many sorts."""

from fractions import Fraction

import pytest

from exports.copying import nothing_stays
from exports.models import Source
from modal_functions.media.probe import probe
from modal_functions.media.spec import Output
from modal_functions.media.survey import Stretch, survey
from tests.modal_functions.media.cuts import SORTS, tagged
from tests.modal_functions.media.reels import shoot

FILMS = [
    {"width": width, "height": height, "fps": fps, "quality": "original"}
    for width, height in ((320, 180), (640, 360))
    for fps in ((24000, 1001), (25, 1), (28, 1), (30, 1), (50, 1))
]
FACTS = {
    "container": "mov", "codec": "h264", "pixels": "yuv420p", "width": 1920, "height": 1080, "fps": [25, 1],
    "variable": False,
}  # fmt: skip
FILM = {"width": 1920, "height": 1080, "fps": [25, 1], "quality": "original"}


@pytest.mark.parametrize("name", sorted(SORTS))
def test_of_what_is_said_to_be_encoded_nothing_is_copied(name, tmp_path):
    reel = shoot(tmp_path / name, seconds=4, **{**tagged(SORTS[name]), "layout": None})
    facts = probe(reel.path).as_wire()
    said = [film for film in FILMS if nothing_stays([Source(facts=facts)], film)]
    found = [survey(reel.path, [Stretch(start=Fraction(0), frames=75)], Output(**film))[0].frames for film in said]
    assert found == [0] * len(said)
    assert len(said) >= len(FILMS) // 2, "one size at least is not its own"


@pytest.mark.parametrize(
    "other",
    [
        {"width": 1280, "height": 720},
        {"fps": [30, 1]},
        {"fps": [50, 1]},
        {"fps": [1, 1]},
        {"codec": "hevc"},
        {"container": "matroska"},
        {"fps": [30, 1], "variable": True, "height": 720},
    ],
)
def test_what_would_have_to_change_is_encoded(other):
    assert nothing_stays([Source(facts=FACTS | other)], FILM)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"fps": [24, 1]},
        {"fps": [24000, 1001]},
        {"fps": [30, 1], "variable": True},
        {"fps": None},
        {"codec": None},
        {"container": None},
        {"width": None, "height": None},
    ],
)
def test_where_there_is_a_doubt_nothing_is_said(other):
    facts = {name: value for name, value in (FACTS | other).items() if value is not None}
    assert not nothing_stays([Source(facts=facts)], FILM)


def test_one_clip_that_may_stay_is_enough_and_so_is_one_that_nobody_has_looked_at():
    other = Source(facts=FACTS | {"width": 640, "height": 360})
    assert nothing_stays([other, other], FILM)
    assert not nothing_stays([other, Source(facts=FACTS)], FILM)
    assert not nothing_stays([other, Source(facts={})], FILM)
    assert not nothing_stays([], FILM)
