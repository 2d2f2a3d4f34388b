"""Which parts of a long video are worth a clip, and why: scored by what is said, how loud it is and how often the
picture changes. Whoever gets a score gets its reasons. Pure arithmetic."""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

from modal_functions.media.loudness import A_SECOND, SILENCE
from modal_functions.media.transcript import Word, ends_sentence

SCORER = 1  # raise it whenever the same video would be scored differently
SHORTEST, LONGEST = 0.6, 1.4  # of the length that was asked for
GRID = 1000  # milliseconds between two places to begin, where nothing else says where
EARLY = 120  # milliseconds before the first word, so that it is heard whole
WEIGHTS = {"speech": 30, "keywords": 25, "loudness": 25, "shots": 10, "edges": 10}
RARE = 4  # letters that a word has at least, to be what something is about
MOST_KEYWORDS = 12
BEST, TELLING = 3, 0.5  # words that count in one part, and how much more there than elsewhere one is named
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "about after again because before being could doing during every from going have having here into"
        " just know like made make many more most much only other over people really said same should some"
        " such than that their them then there these they thing things think this those through very want was"
        " well were what when where which while will with would your yeah",
    )
)
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """All that is known of a video, in milliseconds of its clock: `levels` are its loudness, `cuts` where another shot
    begins. `asked` are words that somebody hopes to find."""

    length: int
    words: Sequence[Word]
    levels: Sequence[int]
    cuts: Sequence[int]
    asked: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Moment:
    begin: int
    end: int
    score: int  # of 100
    why: str

    def as_wire(self) -> dict[str, object]:
        return {"from": self.begin / 1000, "to": self.end / 1000, "score": self.score, "why": self.why}


def moments(watched: Watched, *, count: int, seconds: int) -> list[Moment]:
    """The best that do not overlap, the best first. Fewer than `count`, where there is no room for more."""
    judge = Judge(watched)
    wished = min(seconds * 1000, watched.length)
    ranked = sorted(
        (judge.moment(begin, end) for begin, end in candidates(watched, wished)),
        key=lambda each: (-each.score, each.begin),
    )
    chosen: list[Moment] = []
    for moment in ranked:
        if len(chosen) == count:
            break
        if all(moment.end <= other.begin or moment.begin >= other.end for other in chosen):
            chosen.append(moment)
    return chosen


# Where one may begin and end


def candidates(watched: Watched, wished: int) -> Iterator[tuple[int, int]]:
    """From the beginning of a sentence, a shot or a second, to the end of one that makes the length best."""
    begins, ends = _edges(watched)
    shortest, longest = int(wished * SHORTEST), int(wished * LONGEST)
    for begin in begins:
        fitting = [end for end in ends if shortest <= end - begin <= longest]
        if fitting:
            yield begin, min(fitting, key=lambda end: (abs(end - begin - wished), end))
        elif watched.length - begin >= min(wished, watched.length):
            yield begin, min(begin + wished, watched.length)


def _edges(watched: Watched) -> tuple[list[int], list[int]]:
    sentences = list(_sentences(watched.words))
    cuts = [cut for cut in watched.cuts if not _within(cut, sentences)]
    begins = {max(0, begin - EARLY) for begin, _ in sentences} | set(cuts)
    ends = {min(watched.length, end + EARLY) for _, end in sentences} | set(cuts) | {watched.length}
    if not sentences:
        begins |= set(range(0, watched.length, GRID))
    return sorted(begins | {0}), sorted(ends)


def _sentences(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    for number, word in enumerate(words):
        begin = word.begin if begin is None else begin
        if ends_sentence(word, words[number + 1] if number + 1 < len(words) else None):
            yield begin, word.end
            begin = None


def _within(moment: int, sentences: Sequence[tuple[int, int]]) -> bool:
    return any(begin < moment < end for begin, end in sentences)


# What one is worth


@dataclass(frozen=True, kw_only=True)
class Reason:
    """How much of its weight something earns, from 0 to 1, and what is said of it; nothing where it is not worth it."""

    of: str
    share: float
    said: str = ""


class Judge:
    """Compares each part with the whole: what is usual in one video is not in another."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.sentences = list(_sentences(watched.words))
        self.begins = [word.begin for word in watched.words]
        self.keywords = keywords(watched)
        minutes = max(1 / 60, watched.length / 60_000)
        self.usual_words = len(watched.words) / minutes
        self.usual_cuts = len(watched.cuts) / minutes
        heard = [level for level in watched.levels if level > SILENCE]
        self.usual_level = median(heard) if heard else SILENCE
        self.spread = max(3.0, pstdev(heard)) if heard else 3.0

    def moment(self, begin: int, end: int) -> Moment:
        reasons = [*self._reasons(begin, end)]
        whole = sum(WEIGHTS[reason.of] for reason in reasons)
        score = sum(WEIGHTS[reason.of] * reason.share for reason in reasons) / whole if whole else 0.0
        return Moment(begin=begin, end=end, score=round(100 * score), why=_sentence(reasons))

    def _reasons(self, begin: int, end: int) -> Iterator[Reason]:
        """What the video has nothing of says nothing about any part of it."""
        if self.watched.words:
            words = self._spoken(begin, end)
            yield self._speech(words, end - begin)
            if self.keywords:
                yield self._about(words)
            yield self._edges(begin, end)
        if self.usual_level > SILENCE:
            yield self._loudness(begin, end)
        if self.watched.cuts:
            yield self._shots(begin, end)

    def _spoken(self, begin: int, end: int) -> Sequence[Word]:
        """Those that begin in it."""
        return self.watched.words[bisect_left(self.begins, begin) : bisect_left(self.begins, end)]

    def _speech(self, words: Sequence[Word], length: int) -> Reason:
        pace = len(words) / max(1 / 60, length / 60_000)
        share = _much(pace / self.usual_words)
        told = f"it is dense with speech, {pace:.0f} words a minute where {self.usual_words:.0f} are usual"
        return Reason(of="speech", share=share, said=told if pace > 1.15 * self.usual_words else "")

    def _about(self, words: Sequence[Word]) -> Reason:
        """More than elsewhere, that is: what is said all the time tells nothing of this part."""
        spoken = Counter(each for word in words for each in _plain(word.text))
        part = len(words) / len(self.watched.words)
        lifts = {key: spoken[key] / (spoken[key] + part * whole + 1) for key, whole in self.keywords.items()}
        best = sorted(lifts, key=lambda key: (-lifts[key], key))[:BEST]
        names = " and ".join(f"“{key}”" for key in best[:2] if lifts[key] >= TELLING)
        share = sum(lifts[key] for key in best) / len(best)
        return Reason(of="keywords", share=share, said=f"it speaks of {names}" if names else "")

    def _loudness(self, begin: int, end: int) -> Reason:
        part = self.watched.levels[begin * A_SECOND // 1000 : max(begin * A_SECOND // 1000 + 1, end * A_SECOND // 1000)]
        above = (fmean(part) if part else SILENCE) - self.usual_level
        share = 0.5 + 0.5 * math.tanh(above / (2 * self.spread))
        return Reason(of="loudness", share=share, said=f"it is {above:.0f} dB louder than usual" if above >= 2 else "")

    def _shots(self, begin: int, end: int) -> Reason:
        count = sum(begin < cut < end for cut in self.watched.cuts)
        pace = count * 60_000 / max(1, end - begin)
        told = f"the picture changes {count} time{'s' * (count > 1)}"
        share = _much(pace / self.usual_cuts)
        return Reason(of="shots", share=share, said=told if count and pace > self.usual_cuts else "")

    def _edges(self, begin: int, end: int) -> Reason:
        cut = [_within(edge, self.sentences) for edge in (begin, end)]
        share = 1 - sum(cut) / 2
        return Reason(of="edges", share=share, said="it begins and ends with a whole sentence" if not any(cut) else "")


def keywords(watched: Watched) -> dict[str, int]:
    """How often each is said: of the words that were asked for, if any is, else of those that come back most."""
    spoken = Counter(each for word in watched.words for each in _plain(word.text))
    asked = dict.fromkeys(each for word in watched.asked for each in _plain(word) if spoken[each])
    frequent = [each for each, times in spoken.most_common() if times > 1 and _tells(each)]
    return {each: spoken[each] for each in (asked or frequent[:MOST_KEYWORDS])}


def _plain(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _tells(word: str) -> bool:
    return len(word) >= RARE and word not in STOPWORDS


def _much(times: float) -> float:
    """So many times what is usual; more is always worth more, but less and less so."""
    return 1 - math.exp(-times)


def _sentence(reasons: Sequence[Reason]) -> str:
    """The two that weigh most, in one sentence."""
    told = sorted((each for each in reasons if each.said), key=lambda each: -WEIGHTS[each.of] * each.share)[:2]
    if not told:
        return "Nothing in it stands out; it is as good as any other part."
    said = " and ".join(each.said for each in told)
    return f"{said[0].upper()}{said[1:]}."
