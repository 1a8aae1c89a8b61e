"""What the configuration in force says about sending."""

from mon.catalog import Form, Plan
from mon.model.config import AlertLine, Config, Retry
from mon.outbox.entry import Destination, Entry


class Policy:
    """The answers of ``plan``, which a reload replaces."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan(Config())

    @property
    def retry(self) -> Retry:
        """How long messages are tried, unless their line says otherwise."""
        return self.plan.config.settings.alertretry

    def is_action(self, line: AlertLine) -> bool:
        """Does it do something?  Programs do, but for those that the setting ``messages`` names."""
        if line.plain:
            return True
        bound = self.plan.alerts.get(line)
        if bound is None or bound.plugin.form is not Form.EXECUTABLE:
            return False
        told = {name.removesuffix(".alert") for name in self.plan.config.settings.messages}
        return bound.plugin.name not in told

    def destinations(self) -> frozenset[Destination]:
        """All that can be called."""
        commands = (line.command for line in self.plan.alerts)
        return frozenset((*command.words, command.runas) for command in commands)

    def lines_of(self, entry: Entry) -> tuple[AlertLine, ...]:
        """The lines of the entry's period that can be called."""
        service = self.plan.config.services.get((entry.watch, entry.service))
        lines = (
            line
            for period in (service.periods if service else ())
            if period.key == entry.period
            for line in period.lines
        )
        return tuple(line for line in lines if line in self.plan.alerts and line not in self.plan.votes)
