"""What is on disk: ``state.db`` (durable before anything is sent) and ``history.db`` (batched).

``values`` what goes in and out      ``state``, ``history`` the two databases (``journal`` a table)
``schema`` tables and versions       ``files`` opening, locking, damage      ``writer`` the thread
``unsaved`` what the disk has refused so far         ``lock`` ours alone
"""

from mon.store.files import lock_directory
from mon.store.history import HistoryStore
from mon.store.state import StateStore
from mon.store.values import Batch, Disabled, Hold, HostKey, Kept, Outcome, Row, Saved, Stage

__all__ = [
    "Batch",
    "Disabled",
    "HistoryStore",
    "Hold",
    "HostKey",
    "Kept",
    "Outcome",
    "Row",
    "Saved",
    "Stage",
    "StateStore",
    "lock_directory",
]
