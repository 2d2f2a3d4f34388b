"""What each kind is asked for in tests: small, quick, and with everything that is its own."""

from exports import kinds
from exports.models import Export

TITLE = {"what": "title", "from_us": 500_000, "to_us": 3_000_000, "fade_us": 500_000, "place": "bottom",
         "colour": "#f2b441", "text": "Lofoten"}  # fmt: skip
SHOTS = [
    {"source": "one.mp4", "in": 0.5, "out": 2.7, "note": "The wave."},
    {"source": "two.mov", "in": "0:00.1", "out": "0:00.7"},
]
SMALL = {"rate": "25", "quality": "draft"}
OPTIONS = {
    "multi_clip": {"size": "360p", **SMALL},
    "overlay": {"footage": "film", "size": "360p", **SMALL, "items": [TITLE]},
    "assembly": {"shots": SHOTS[:1], "formats": ["mp4", "webm"], "sizes": ["360p"], **SMALL},
    "edl": {"shots": SHOTS, "rate": "25"},
    "clip_it": {"count": 2, "seconds": 2, "shape": "1:1", "side": "360", "quality": "draft"},
    "framing_ai": {"footage": "film", "shape": "1:1", "side": "360", "follow": "motion", **SMALL},
}
PARTS = {"edl": ".json"}  # what is kept on the way; mostly chunks
KINDS = [kind.key for kind in kinds.registered()]


def asked_for(project, kind):
    return Export.request(project, kind=kind, options=OPTIONS[kind])
