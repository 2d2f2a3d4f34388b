"""Speech that is made, not recorded: pulses and noise through resonators, as a throat and a mouth would shape them.

What a recogniser makes of it are words, at the times at which something is said; which words does not matter here."""

import array
import math
import random

import av

RATE = 16_000
VOWELS = {"AO": (570, 840, 2410), "AA": (730, 1090, 2440), "UW": (300, 870, 2240), "N": (250, 1500, 2500)}
SOON, OR = "S UW N", "AO"


def spoken(phones, rng):
    """Samples from -1 to 1 of one word."""
    sound = []
    for phone in phones.split():
        if phone == "S":
            noise = [rng.uniform(-1, 1) for _ in range(int(RATE * 0.12))]
            sound += _shaped(_resonated(noise, 5500, 1500), 0.15)
        else:
            sound += _shaped(_voiced(VOWELS[phone], 0.09 if phone == "N" else 0.16), 0.5)
    return sound


def _voiced(formants, seconds, pitch=120):
    count, phase, sound = int(RATE * seconds), 0.0, []
    for number in range(count):
        phase += pitch * (1 - 0.1 * number / count) / RATE
        sound.append(1.0 if phase >= 1 else 0.0)
        phase %= 1
    for frequency, width in zip(formants, (60, 90, 150), strict=True):
        sound = _resonated(sound, frequency, width)
    return sound


def _resonated(sound, frequency, width):
    radius = math.exp(-math.pi * width / RATE)
    one, two = 2 * radius * math.cos(math.tau * frequency / RATE), -radius * radius
    before = earlier = 0.0
    answer = []
    for sample in sound:
        now = (1 - one - two) * sample + one * before + two * earlier
        before, earlier = now, before
        answer.append(now)
    return answer


def _shaped(sound, loud):
    most, fade = max(map(abs, sound)), min(len(sound) // 2, 240)
    edges = [min(1.0, number / fade, (len(sound) - 1 - number) / fade) for number in range(len(sound))]
    return [sample / most * loud * edge for sample, edge in zip(sound, edges, strict=True)]


def talk(seconds, words, *, loud=1.0, seed=1):
    """So many seconds of near silence, with words said at their times."""
    rng = random.Random(seed)
    sound = [rng.uniform(-1, 1) * 0.0005 for _ in range(int(seconds * RATE))]
    for moment, phones in words:
        for number, sample in enumerate(spoken(phones, rng), int(moment * RATE)):
            sound[number] += sample * loud
    return array.array("h", (round(max(-1.0, min(1.0, sample)) * 30_000) for sample in sound))


def sounding(container, samples):
    """The packets of a stream of this sound, for a film that is written; the stream has to be added before its picture
    begins."""
    stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")

    def packets():
        for first in range(0, len(samples), 1024):
            part = samples[first : first + 1024]
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(part))
            frame.planes[0].update(part.tobytes())
            frame.sample_rate, frame.pts = RATE, first
            yield from stream.encode(frame)
        yield from stream.encode(None)

    return packets
