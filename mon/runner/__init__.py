"""Runs plugins under a deadline; whatever happens becomes a result.

``runner``  the whole of it          ``rounds``   monitors          ``sending``  alerts
``spawn``   programs                 ``child``    one of them       ``hosted``   operators' Python
``judging`` words to verdicts        ``processes`` what escaped     ``capabilities`` prctl
``messages`` between the daemon and its worker
"""

from mon.runner.hosted import Worker
from mon.runner.runner import Runner
from mon.runner.spawn import Spawner

__all__ = ["Runner", "Spawner", "Worker"]
