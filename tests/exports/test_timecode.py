import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import timecode

US = 1_000_000


@pytest.mark.parametrize(
    ("typed", "us"),
    [
        ("0", 0),
        ("2.5", 2_500_000),
        ("2,5", 2_500_000),
        (" 2.5 s ", 2_500_000),
        ("90", 90 * US),
        ("1:02.250", 62_250_000),
        ("0:00.000001", 1),
        ("1:00:00", 3600 * US),
        ("120:00", 7200 * US),
        ("999999", timecode.LONGEST),
    ],
)
def test_a_place_is_typed_as_seconds_or_as_minutes_and_seconds(typed, us):
    assert timecode.parse(typed) == us


@pytest.mark.parametrize(
    "typed",
    ["soon", "-1", "1:60", "1:2:60", "1:60:00", "1.2.3", ":30", "1:", "1e3", "٣", "0x10", "1" * 50, "1.1234567", "NaN"],
)
def test_anything_else_is_named_with_what_was_expected(typed):
    with pytest.raises(
        ValueError, match=r"Expected seconds, or minutes and seconds, such as 2\.5 or 1:02\.250"
    ) as refused:
        timecode.parse(typed)
    assert f"got “{typed[:40]}”." in str(refused.value)


@given(st.integers(min_value=0, max_value=timecode.LONGEST - 1))
def test_what_is_shown_reads_back_to_the_same_microsecond(us):
    assert timecode.parse(timecode.show(us)) == us


@pytest.mark.parametrize(
    ("us", "shown"), [(0, "0:00"), (2_540_000, "0:02.5"), (59_960_000, "1:00"), (3_661 * US, "1:01:01")]
)
def test_for_reading_a_tenth_of_a_second_is_enough(us, shown):
    assert timecode.roughly(us) == shown
