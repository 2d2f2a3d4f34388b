"""Pipelines for the tests, with the bands of the real ones."""

from exports.kinds.clip_it import PIPELINE as CLIP_IT
from progress.pipelines import Pipeline, Stage, register

STAGES = (
    Stage(key="upload", label="Uploading", start=0, end=10, unit="bytes", seconds=30),
    Stage(
        key="start",
        label="Starting",
        start=10,
        end=12,
        unit=None,
        waiting="Waiting for a machine to start.",
        seconds=5,
    ),
    Stage(key="fetch", label="Fetching", start=12, end=18, unit="bytes", seconds=10),
    Stage(key="process", label="Rendering", start=18, end=90, unit="frames", seconds=240),
    Stage(key="publish", label="Publishing", start=90, end=95, unit="bytes", seconds=10),
    Stage(key="finalize", label="Finishing", start=95, end=100, unit="steps", seconds=2),
)
FILM = register(Pipeline(name="film", version=1, title="Rendering your film...", stages=STAGES, pausable=True))
LEARNED = register(
    Pipeline(name="film", version=2, title="Rendering your film...", stages=STAGES, bands="learned", pausable=True)
)

__all__ = ["CLIP_IT", "FILM", "LEARNED", "STAGES"]
