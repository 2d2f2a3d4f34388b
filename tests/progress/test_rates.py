import pytest

from progress.estimate.rates import Rate, sound


def test_rows_come_back_as_they_were_stored():
    assert sound([("process/kind=film", -0.5, 0.1, 7)]) == {"process/kind=film": Rate(mean=-0.5, variance=0.1, count=7)}


@pytest.mark.parametrize(
    "row",
    [
        (float("nan"), 0.1, 1),
        (0.0, float("inf"), 1),
        (0.0, -0.1, 1),
        (1000.0, 0.1, 1),
        (0.0, 0.1, -1),
        (None, 0.1, 1),
        ("fast", 0.1, 1),
        (True, 0.1, 1),
    ],
)
def test_a_corrupt_row_is_dropped_and_told_of_and_the_others_are_kept(row, caplog):
    rows = sound([("process/kind=film", *row), ("process/kind=song", 0.0, 0.1, 1)])
    assert list(rows) == ["process/kind=song"]
    assert "A learned rate was dropped: process/kind=film" in caplog.text
