"""Every exception of mon.

    MonError
    ├── ConfigError            mon.cf cannot be used; carries all of its problems
    ├── PluginError            a plugin
    │   ├── PluginNotFound       ... is not there
    │   ├── PluginBroken         ... cannot be loaded
    │   └── BadOption            ... is given an option it does not take
    ├── Finding                what a check raises instead of returning: a result, not a fault
    │   ├── Down                 the host is down
    │   └── Unknown              it could not be found out (our trouble, not the host's)
    ├── Undeliverable          an alert could not be sent; ``permanent`` says whether to try again
    ├── RenderError            a template
    ├── BalancerError          a balancer
    │   ├── BalancerUnreachable  ... does not answer
    │   ├── BalancerRefused      ... refuses a change
    │   └── BalancerMismatch     ... is not what was applied
    ├── StoreError             a database
    │   └── StoreRefused         ... is another mon's: in use, or of a newer version
    └── ControlError           a command of an operator or a client cannot be carried out

Foreign exceptions are translated where the foreign library is called.
"""

from collections.abc import Mapping, Sequence

from mon.model.result import Cause
from mon.model.source import Problem


class MonError(Exception):
    """Anything mon raises on purpose."""


class ConfigError(MonError):
    """The configuration cannot be used; ``problems`` are all that was found, in order of place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class PluginError(MonError):
    """Something is wrong with a plugin."""


class PluginNotFound(PluginError):
    """No plugin of that name."""


class PluginBroken(PluginError):
    """The plugin's file cannot be loaded, or has not the form of a plugin."""


class BadOption(PluginError):
    """The plugin does not take this option, or not this value."""


class Finding(MonError):
    """What a check found, where it cannot go on."""

    def __init__(self, detail: str, *, cause: Cause = Cause.WRONG) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cause = cause


class Down(Finding):
    """The host is down: ``detail`` says what was seen, ``cause`` in which way."""


class Unknown(Finding):
    """The host could not be tested: no privilege, no descriptors, no resolver."""


class Undeliverable(MonError):
    """An alert was not sent.

    ``permanent``: trying again is useless.  ``retry_after``: the receiver asks to be left alone for so many
    seconds (HTTP's Retry-After).  Of several recipients, ``left`` are those to be asked again and ``refused``
    those who are not to be (with the reason in words): all others have it.  The next attempt finds ``left``
    in its notice.
    """

    def __init__(
        self,
        why: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        left: Sequence[str] = (),
        refused: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(why)
        self.permanent = permanent
        self.retry_after = retry_after
        self.left = tuple(left)
        self.refused = dict(refused or {})


class RenderError(MonError):
    """A template cannot be rendered."""


class BalancerError(MonError):
    """A balancer did not do what was asked."""


class BalancerUnreachable(BalancerError):
    """It does not answer, or we may not talk to it."""


class BalancerRefused(BalancerError):
    """It answered no."""


class BalancerMismatch(BalancerError):
    """It said yes, but its table says otherwise."""


class StoreError(MonError):
    """A database cannot be read or written."""


class StoreRefused(StoreError):
    """A database, or the directory it lies in, is another mon's: in use, or of a newer version."""


class ControlError(MonError):
    """A command cannot be carried out; the text is for the operator."""
