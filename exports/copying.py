"""Whether anything of a film could be copied as it is, by what is known of its sources before any work is begun."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from exports.models import Source

APART = 3  # frames a second: pictures of such rates are not in step for as long as a copy has to last


def nothing_stays(sources: Iterable[Source], output: Mapping[str, Any]) -> bool:
    """For certain. Of one that nobody has looked at yet, or that only the work can judge, nobody knows."""
    each = [source.facts for source in sources]
    return bool(each) and all(_has_to_change(facts, output) for facts in each)


def _has_to_change(facts: Mapping[str, Any], output: Mapping[str, Any]) -> bool:
    sides = [facts.get("width"), facts.get("height")]
    return (
        (None not in sides and sides != [output["width"], output["height"]])
        or facts.get("codec", "h264") != "h264"
        or facts.get("container", "mov") != "mov"  # as MP4 is called too
        or _is_out_of_step(facts, Fraction(*output["fps"]))
    )


def _is_out_of_step(facts: Mapping[str, Any], rate: Fraction) -> bool:
    """One that varies may be in step for some of its time."""
    steady = facts.get("variable") is False and "fps" in facts
    return steady and abs(Fraction(*facts["fps"]) - rate) >= APART
