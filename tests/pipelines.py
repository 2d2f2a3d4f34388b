"""Pipelines for the tests, with the bands of the real ones."""

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
CLIP_IT = register(
    Pipeline(
        name="clip_it",
        version=1,
        title="Finding your clips...",
        stages=(
            Stage(
                key="queued",
                label="Queued",
                start=0,
                end=5,
                unit=None,
                waiting="Waiting its turn.",
                seconds=5,
            ),
            Stage(key="downloading", label="Downloading", start=5, end=15, unit="bytes", seconds=180),
            Stage(
                key="downloaded",
                label="Downloaded",
                start=15,
                end=18,
                unit=None,
                waiting="Checking the file.",
                seconds=1,
            ),
            Stage(key="uploading", label="Uploading", start=18, end=20, unit="bytes", seconds=10),
            Stage(
                key="processing_started",
                label="Preparing",
                start=20,
                end=25,
                unit=None,
                waiting="Preparing.",
                seconds=5,
            ),
            Stage(key="transcribing", label="Transcribing", start=25, end=50, unit="seconds", seconds=420),
            Stage(key="analyzing", label="Analyzing", start=50, end=70, unit="windows", seconds=150),
            Stage(key="processing", label="Cutting clips", start=70, end=90, unit="clips", seconds=240),
            Stage(key="uploading_clips", label="Uploading clips", start=90, end=100, unit="bytes", seconds=120),
        ),
    )
)
