"""Alerts on their way: on disk from the moment they are decided until it is known what became of them.

``entry`` one of them, as a value and as a row      ``rules``  when to try again, when to give up (pure)
``lanes`` whose turn it is (pure)                   ``sender`` the Outbox, which sends
``aftermath`` what follows from a failure (pure)    ``followers`` that it follows once
``policy`` what the configuration says about it     ``notebook`` writes down what became of them
``drafts`` the door: from decisions to a batch
``bundles`` what waits to be told together (pure)   ``collated`` many notices to one (pure)
"""

from mon.outbox.drafts import Draft
from mon.outbox.entry import Entry
from mon.outbox.policy import Policy
from mon.outbox.sender import Outbox, Send

__all__ = ["Draft", "Entry", "Outbox", "Policy", "Send"]
