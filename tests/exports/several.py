"""A kind that makes several results, which a test makes up."""

from exports.kinds.asking import KindForm
from exports.kinds.base import Kind
from progress.pipelines import Pipeline, Stage, register


class Several(Kind):
    key = "several"
    label = "Several"
    told = "Several files."
    form = KindForm
    several = True
    pipeline = register(
        Pipeline(
            name="several",
            version=1,
            title="Making several...",
            keeps_parts=True,
            stages=(
                Stage(key="upload", label="Uploading", start=0, end=10, unit="bytes", seconds=1),
                Stage(key="process", label="Making", start=10, end=90, unit="files", seconds=30),
                Stage(key="finalize", label="Finishing", start=90, end=100, unit="steps", seconds=1),
            ),
        )
    )

    def lacks(self):
        return ""

    def plan(self, project, options):
        return {}

    def made_of(self, spec):
        return set()

    def spec(self, export):
        return {"chunks": "", "sources": []}


SEVERAL = Several()
