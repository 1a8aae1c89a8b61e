"""Runs plugins under a deadline; whatever happens becomes a result.

``runner``  the whole of it          ``rounds``   monitors          ``sending``  alerts
``spawn``   programs                 ``child``    one of them       ``hosted``   operators' Python
``launch``  the start of one                 ``cgroups``  a control group for each
``leftovers`` what runs leave behind         ``marks``    finds it
``judging`` words to verdicts        ``processes`` what escaped     ``capabilities`` prctl
``pace``    a few starts at a time               ``performing`` a job of operators' Python
``spread``  ours in workers      ``prober``   one of those   ``probing``  what runs in it
``peer``    a process of ours and the channel to it          ``messages``, ``orders``  what is said on it
``loop``    asyncio's or uvloop
"""

from mon.runner.hosted import Worker
from mon.runner.runner import Runner
from mon.runner.spawn import Spawner

__all__ = ["Runner", "Spawner", "Worker"]
