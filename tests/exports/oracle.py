"""A kind whose need no machine meets."""

from exports.kinds.asking import KindForm
from exports.kinds.base import Kind
from progress.pipelines import Pipeline, Stage, register


class Oracle(Kind):
    key = "oracle"
    label = "Tomorrow's film"
    told = "The film that you will make tomorrow."
    form = KindForm
    pipeline = register(
        Pipeline(
            name="oracle",
            version=1,
            title="Looking ahead...",
            stages=(Stage(key="gaze", label="Gazing", start=0, end=100, unit="days", seconds=1),),
        )
    )

    def lacks(self):
        return "a crystal ball"

    def plan(self, project, options):
        return {}

    def made_of(self, spec):
        return set()

    def spec(self, export):
        return {"chunks": "", "sources": []}


ORACLE = Oracle()
