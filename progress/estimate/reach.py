"""How far a range reaches: what came of earlier ranges like it says how many deviations make eight in ten.

An estimate knows a deviation of its own, which is true only as far as its assumptions are. Each time something that
was said is held against what came, the reach of its bucket grows a lot if the truth lay outside, and shrinks a little
if it did not, so that in the long run one in ten lies outside at each end, whatever the world does. This is the watch
on coverage.
"""

from collections.abc import Iterator

from progress.estimate import factory
from progress.estimate.rates import Rate, Rates

OUTSIDE = 0.1  # at each end
LEAST, MOST = 0.1, 8.0
BORROWED = 20.0  # how many forecasts the wider bucket counts for, in a bucket that has few of its own
SIZES = ((30.0, "short"), (120.0, "middling"))
PROGRESS = (0.02, 0.15, 0.375, 0.625, 0.825, 0.95)


def bucket(*, progress: float, known: bool, seconds: float, queued: bool) -> str:
    """Which forecasts are judged together: as far along, of things as well known, as long, as little begun."""
    at = "queued" if queued else str(sum(progress >= edge for edge in PROGRESS))
    size = next((name for most, name in SIZES if seconds < most), "long")
    return f"{at}/{'known' if known else 'new'}/{size}"


def keys(bucket: str) -> Iterator[str]:
    for scope in (f"band/{bucket.partition('/')[0]}", f"band/{bucket}"):
        yield from (f"{scope}/below", f"{scope}/above")


def reach(bucket: str, side: str, rates: Rates) -> float:
    """Deviations from the middle to the end of the range on this side: "below" or "above"."""
    wide = rates.get(f"band/{bucket.partition('/')[0]}/{side}")
    borrowed = factory.BAND if wide is None else wide.mean
    narrow = rates.get(f"band/{bucket}/{side}")
    if narrow is not None:
        borrowed = (narrow.count * narrow.mean + BORROWED * borrowed) / (narrow.count + BORROWED)
    return min(MOST, max(LEAST, borrowed))


def settled(bucket: str, side: str, outside: bool, rates: Rates) -> dict[str, Rate]:
    """The rows that change when the truth lay outside the range on this side, or did not."""
    wrong = float(outside) - OUTSIDE
    changed = {}
    for key in (f"band/{bucket.partition('/')[0]}/{side}", f"band/{bucket}/{side}"):
        known = rates.get(key) or Rate(mean=reach(bucket, side, rates), variance=0.0)
        step = max(0.03, 0.5 / (known.count + 5))
        mean = min(MOST, max(LEAST, known.mean * (1 + step * wrong) + step * wrong))
        changed[key] = Rate(mean=mean, variance=0.0, count=known.count + 1)
    return changed
