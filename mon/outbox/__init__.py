"""Alerts on their way: on disk from the moment they are decided until it is known what became of them.

``entry`` one of them, as a value and as a row      ``rules``  when to try again, when to give up (pure)
``lanes`` whose turn it is (pure)                   ``sender`` the Outbox, which sends
"""

from mon.outbox.entry import Entry
from mon.outbox.sender import Outbox, Send

__all__ = ["Entry", "Outbox", "Send"]
