"""What running work says, report after report: the same for whoever writes it, and for whoever looks at the rows later.

In a story of one stage each report moves the bar by a percent, so that a percent seen tells which report it came from.
"""

from datetime import UTC, datetime, timedelta

from modal_functions.wire import PassedStage, ProgressReport

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PERCENTS = 72  # of the bar that rendering takes up
FIRST = 18  # where they begin
Story = tuple[tuple[str, int], ...]  # each stage with how many reports it has

RENDERING: Story = (("process", PERCENTS),)


def whole(length: int) -> Story:
    """Three stages with so many reports together, most of them of the middle one."""
    edge = max(1, length // 6)
    return (("fetch", edge), ("process", length - 2 * edge), ("publish", edge))


def picture(story: Story, job: str, number: int, now: float) -> ProgressReport:
    """The how-manieth report, counted from one; it carries every stage that is behind it."""
    passed, told = [], 0
    for stage, length in story:
        if number <= told + length:
            break
        told += length
        passed.append(
            PassedStage(stage=stage, began=_at(told - length), ended=_at(told), done=length, total=length),
        )
    return ProgressReport(
        job=job,
        attempt=1,
        run=1,
        seq=number,
        stage=stage,
        at=datetime.fromtimestamp(now, UTC),
        began=_at(told),
        done=number - told,
        total=length,
        unit="bytes" if stage != "process" else "frames",
        passed=tuple(passed),
    )


def number_of(percent: int) -> int:
    """The report that a percent of the bar came from, in the story of one stage; 0 before the first."""
    return max(0, percent - FIRST)


def _at(number: int) -> datetime:
    return BEGAN + timedelta(seconds=number)
