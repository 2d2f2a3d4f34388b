"""Who acts on an export: controllers, each with a clock of its own, and its owner."""

from collections.abc import Callable
from uuid import UUID

from exports.driver import one_pass
from exports.models import Export
from exports.reconcile import reconcile
from exports.tools import Tools
from tests.simulation.rows import Away
from tests.simulation.world import World

VERBS = ("pause", "pause", "resume", "resume", "cancel", "retry")


class Controllers:
    def __init__(
        self, world: World, export_id: UUID, tools: Callable[[float], Tools], calm_pause: Callable[[float], float]
    ) -> None:
        self.world, self.export_id, self.tools, self.calm_pause = world, export_id, tools, calm_pause
        self.begun = 0
        for skew in world.weather.skews[: world.weather.controllers]:
            self.begin(skew, 0.0)

    def begin(self, skew: float, after: float) -> None:
        self.begun += 1
        number = self.begun
        self.world.start(
            f"controller {number}", lambda: self._drive(number, skew), after=after, dies=lambda: self._fate(skew)
        )

    def _drive(self, number: int, skew: float) -> None:
        world, tools = self.world, self.tools(skew)
        while not world.calm or number == self.begun:
            try:
                if world.random.random() < 0.9 or world.calm:
                    one_pass(tools)
                else:  # a page, the admin or a command, whatever is due
                    reconcile(self.export_id, tools)
            except Away as error:
                world.tell(f"gives up for now: {error}")
            world.sleep(self.calm_pause(skew) if world.calm else world.random.uniform(0.5, 4))

    def _fate(self, skew: float) -> str:
        """Another cluster begins soon after one was killed."""
        if self.world.random.random() >= self.world.weather.crash:
            return ""
        self.begin(skew, self.world.random.uniform(0, 30))
        return self.world.random.choice(("hard", "hard", "soft"))


class Owner:
    def __init__(self, world: World, export_id: UUID) -> None:
        self.world, self.export_id, self.retries = world, export_id, 0
        world.start("owner", self._wish, dies=self._fate)

    def _wish(self) -> None:
        world = self.world
        for _ in range(world.weather.wishes):
            world.sleep(world.random.uniform(0, 9))
            verb = world.random.choice(VERBS)
            world.tell(f"wishes to {verb}")
            try:
                export = Export.objects.select_related("job").get(pk=self.export_id)
                done = getattr(export, verb)(actor="olga")
            except Away:
                done = None
            world.tell(f"is told {done}")
            self.retries += verb == "retry" and done is not False

    def _fate(self) -> str:
        """The web process that was asked ends; what is owed is owed all the same."""
        return "hard" if self.world.random.random() < self.world.weather.crash / 2 else ""
