"""Words for time, stages and verdicts. Every sentence about waiting that a person reads is made here."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from progress.models import Away, Status
from progress.place import gettext as _
from progress.place import local, ngettext

ALMOST_DONE = 10  # seconds
A_DAY = 24 * 60 * 60  # after which a clock's time says nothing: of which day?
SIZES = (gettext_noop("bytes"), gettext_noop("kB"), "MB", "GB", "TB", "PB")
WIDE = 1.5  # a range whose ends differ by more than this factor is told as a range


def status(of: str) -> str:
    return _(str(Status(of).label))


def estimating() -> str:
    return _("Estimating time…")


def almost_done() -> str:
    return _("Almost done...")


def remaining(seconds: float, *, low: float | None = None, high: float | None = None, now: datetime) -> str:
    """How long it will take from now, as exactly as it is known and no more."""
    if seconds <= ALMOST_DONE:
        return almost_done()  # whatever the range: its end moves at every look, and these words are not taken back
    if low is not None and high is not None and _is_wide(low, high):
        said, one = span(low, high), span(high, high)
        words = (
            _("About %(time)s remaining") % {"time": one} if said == one else _("%(range)s remaining") % {"range": said}
        )
    elif seconds <= 60:
        return _("Less than a minute remaining")
    else:
        words = _("About %(time)s remaining") % {"time": rounded(seconds)}
    return f"{words}, {at_the_clock(seconds, now)}" if 20 * 60 < seconds < A_DAY else words


def rounded(seconds: float) -> str:
    """Minutes up to an hour and a half, tens of minutes beyond; steps of five from twenty minutes up."""
    minutes = seconds / 60
    tens = round(minutes / 10)
    if tens > 9:
        return hours_and_minutes(*divmod(10 * tens, 60))
    return minutes_in_words(min(90, _to_step(minutes)))


def minutes_in_words(minutes: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def hours_and_minutes(hours: int, minutes: int) -> str:
    whole = ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return f"{whole} {minutes_in_words(minutes)}" if minutes else whole


def span(low: float, high: float) -> str:
    """12–18 minutes. Two ends that round to the same number are told as one."""
    start, end = _to_step(max(low, 60) / 60), _to_step(high / 60)
    if high > 90 * 60:
        first, last = rounded(max(low, 60)), rounded(high)
        return last if first == last else _("%(low)s to %(high)s") % {"low": first, "high": last}
    return minutes_in_words(end) if start >= end else f"{start}–{minutes_in_words(end)}"


def from_now(low: float, middle: float, high: float) -> str:
    """Of what is not begun yet: done in 3–5 minutes."""
    if _is_wide(low, high):
        time = span(low, high)
    elif middle <= 60:
        time = _("less than a minute")
    else:
        time = _("about %(time)s") % {"time": rounded(middle)}
    return _("Done in %(time)s if exported now.") % {"time": time}


def ranges_held(held: int, told: int) -> str:
    """How far a range like the one that is shown can be trusted."""
    return _("Ranges like this held %(held)d of the last %(told)d times.") % {"held": held, "told": told}


def at_the_clock(seconds: float, now: datetime) -> str:
    finish = local(now + timedelta(seconds=seconds))
    return _("done around %(time)s") % {"time": _five_minutes(finish).strftime("%H:%M")}


def overdue(done: int | None, total: int | None, unit: str) -> str:
    late = _("Taking longer than usual.")
    if not done or not total:
        return late
    going_on = _("Still making progress: %(units)s.") % {"units": units(done, total, unit)}
    return f"{late} {going_on}"


def queued(position: int | None, low: float | None = None, high: float | None = None) -> str:
    words = [_("Waiting to start.")]
    if position == 0:
        words.append(_("You are next."))
    elif position:
        words.append(
            ngettext("%(count)d export ahead of you.", "%(count)d exports ahead of you.", position)
            % {"count": position}
        )
    if low is not None and high is not None:
        words.append(_("Starts in about %(range)s.") % {"range": span(low, high)})
    return " ".join(words)


def paused(seconds: float | None) -> str:
    if seconds is None:
        return _("Paused.")
    work = rounded(seconds) if seconds > 60 else _("a minute")
    return _("Paused. About %(time)s of work left.") % {"time": work}


def pausing() -> str:
    return _("Pausing… What is under way is brought to a good place first.")


def cancelling() -> str:
    return _("Cancelling… Waiting for the work to stop.")


def unreachable(part: str) -> str:
    if part == Away.STORE:
        return _("We can't use the store right now. Your export is not affected.")
    if part == Away.REFUSED:
        return _("The store refuses us right now. Nothing of your export is lost: it goes on when we are let in again.")
    if part == Away.ROOM:
        return _("There is no room to keep it right now. Nothing of your export is lost: it goes on when there is.")
    if part == Away.SITE:
        return _("Something goes wrong on our side right now. Nothing is lost: it is tried again by itself.")
    return _("We can't reach the render service right now. Your export is not affected.")


def stopped_at(percent: int) -> str:
    return _("Stopped at %(percent)d %%") % {"percent": percent}


def held(percent: int, own: int, attempt: int, *, run: int = 1, waiting: bool) -> str:
    """Why the bar stands still while work goes on. `run`: the how-manieth of this attempt."""
    if waiting:
        return _("The bar stays at %(percent)d %% until the next attempt has caught up.") % {"percent": percent}
    if attempt > 1:
        return _("The bar stays at %(percent)d %% while attempt %(attempt)d catches up; it is at %(own)d %%.") % {
            "percent": percent,
            "attempt": attempt,
            "own": own,
        }
    if run > 1:
        said = _(
            "The bar stays at %(percent)d %% while the work, which was interrupted, catches up; it is at %(own)d %%."
        )
        return said % {"percent": percent, "own": own}
    return _("The bar stays at %(percent)d %%: there is more to do than it seemed. It really is at %(own)d %%.") % {
        "percent": percent,
        "own": own,
    }


def quiet(seconds: float, gap: float) -> str:
    said = _("No news for %(time)s%(usual)s. We are checking on it.")
    return said % {"time": took(seconds), "usual": _usual(gap)}


def stuck(seconds: float, gap: float, latest: datetime) -> str:
    """With what it is judged by."""
    said = _("No news for %(time)s%(usual)s, and by %(clock)s at the latest it should have been done. We look into it.")
    clock = local(latest).strftime("%H:%M")
    return said % {"time": took(seconds), "usual": _usual(gap), "clock": clock}


def _usual(gap: float) -> str:
    return _(" (usually there is some every %(gap)s)") % {"gap": took(max(1.0, gap))} if gap else ""


def units(done: int, total: int, unit: str) -> str:
    if unit == "bytes":
        return _("%(done)s of %(total)s") % {"done": size(done), "total": size(total)}
    return _("%(done)s of %(total)s %(unit)s") % {"done": f"{done:,}", "total": f"{total:,}", "unit": _(unit)}


def size(count: int) -> str:
    """Bytes as people read them: 84 MB, 1.2 GB."""
    value, names = float(count), list(SIZES)
    while round(value) >= 1000 and len(names) > 1:
        value /= 1000
        names.pop(0)
    exact = names[0] == SIZES[0] or value >= 10
    return f"{value:.0f} {_(names[0])}" if exact else f"{value:.1f} {_(names[0])}"


def took(seconds: float) -> str:
    """How long something took: 42 s, 3 min, 3 min 5 s, 1 h 12 min."""
    if seconds < 1:
        return _("under 1 s")
    whole = int(seconds)
    if whole < 60:
        return _("%(seconds)d s") % {"seconds": whole}
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        words = _("%(minutes)d min %(seconds)d s") if rest else _("%(minutes)d min")
        return words % {"minutes": minutes, "seconds": rest}
    hours, minutes = divmod(minutes, 60)
    words = _("%(hours)d h %(minutes)d min") if minutes else _("%(hours)d h")
    return words % {"hours": hours, "minutes": minutes}


def percent(whole: int) -> str:
    """As every page writes it; only a window's title has no room before the sign."""
    return f"{whole:,} %"


def share(of_one: float) -> str:
    return percent(round(100 * of_one))


def usually(seconds: float) -> str:
    whole = _("%(minutes)d min") % {"minutes": round(seconds / 60)}
    return _("usually %(time)s") % {"time": took(seconds) if seconds < 60 else whole}


def ago(seconds: float) -> str:
    """How long since, in whole steps: 2 hours ago."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return _("a moment ago")
    if minutes < 60:
        return _("%(time)s ago") % {"time": minutes_in_words(minutes)}
    if minutes < 48 * 60:
        return _("%(time)s ago") % {"time": hours_and_minutes(minutes // 60, 0)}
    days = minutes // (24 * 60)
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


def in_brief(seconds: float | None, *, low: float | None = None, high: float | None = None) -> str:
    """For the indicator: about 3 min. Less than a minute only where `remaining` tells of no whole one either."""
    if seconds is None:
        return ""
    whole = seconds > ALMOST_DONE and low is not None and high is not None and _is_wide(low, high)
    if seconds <= 60 and not whole:
        return _("in less than a minute")
    if seconds > 90 * 60:
        return _("in about %(hours)d h") % {"hours": round(seconds / 3600)}
    return _("in about %(minutes)d min") % {"minutes": _to_step(seconds / 60)}


def _is_wide(low: float, high: float) -> bool:
    """Whether both of its ends are told."""
    return high > 60 and high > max(low, 1) * WIDE


def _to_step(minutes: float) -> int:
    return max(1, round(minutes) if minutes < 20 else round(minutes / 5) * 5)


def _five_minutes(moment: datetime) -> datetime:
    """A clock time as rough as the estimate it stands for."""
    moment += timedelta(minutes=2, seconds=30)
    return moment - timedelta(minutes=moment.minute % 5, seconds=moment.second)
