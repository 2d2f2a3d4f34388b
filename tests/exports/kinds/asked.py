"""What each kind is asked for in tests: small, quick, and with everything that is its own."""

from django.db import connection

from exports import kinds, sources
from exports.models import Export, Posting, Project, Result
from tests.exports.clips import POST, clips_of, connected
from tests.exports.test_end_to_end import shot
from tests.modal_functions.volume import scans

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
    "mri_mesh": {"classes": "2", "detail": "light"},  # the scan itself is known with the project
    "clip_post": POST,  # each time of another clip: of one, it is asked for once
}
# What the parts of a kind end in, where they are no film.
KEPT = {
    "edl": ".json",
    "mri_mesh": ".npz",
    "clip_post": ".json",
}
KINDS = [kind.key for kind in kinds.registered()]
# What is a kind's own never touches the database: with Postgres, one that stands for all is enough.
HERE = KINDS if connection.vendor == "sqlite" else ["multi_clip"]


def asked_for(project, kind):
    options = OPTIONS[kind]
    if kinds.get(kind).takes.key == "scan":
        options = options | {"scan": str(project.sources_of("scan")[0].pk)}
    if kinds.get(kind).made_of_results_of:
        options = options | {"clip": unposted(project)}
    return Export.request(project, kind=kind, options=options)


def unposted(project):
    """A clip that nothing was asked of yet."""
    taken = Posting.objects.values_list("clip_of_id", "place")
    made = Result.objects.filter(export__project=project, name__endswith=".mp4").values_list("export_id", "place")
    left = [each for each in made if each not in set(taken)]
    if not left:
        connected(project.owner)
        return unposted(clips_of(project).project)
    return "{}:{}".format(*left[0])


def ground(kind, owner, reels, tools, folder):
    """A project with what the kind is made from."""
    if kinds.get(kind).takes.key == "scan":
        project = Project.objects.create(owner=owner, name="Scan")
        scan = scans.nifti(folder / "DOE^JANE.nii.gz", scans.ellipsoid((28, 26, 40), radii=(10, 9, 15), bright=0.6))
        sources.take_in(project, scan, tools)
        return project
    project = shot(owner, reels, tools)
    if kinds.get(kind).made_of_results_of:
        connected(owner)
        clips_of(project, tools.store, reels[0].path)
    return project


def is_kept(kind, key):
    return key.endswith(KEPT.get(kind, ".mp4"))
