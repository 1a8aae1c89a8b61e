"""Times as operators write them on the command line."""

import argparse
import time
from datetime import datetime, timedelta

from mon.config.place import Misfit, Place
from mon.config.values import time_or_zero
from mon.model.source import NOWHERE


def duration(text: str) -> float:
    """Seconds of ``90s``, ``2h``, ``1.5d``."""
    try:
        return time_or_zero(text, Place(NOWHERE, []))
    except Misfit as misfit:
        raise argparse.ArgumentTypeError(str(misfit)) from misfit


def moment(text: str) -> float:
    """The wall time of ``14:05``, ``14:05:09`` (the last such), ``2026-01-31 14:05``, or ``10m`` (ago)."""
    try:
        return time.time() - time_or_zero(text, Place(NOWHERE, []))
    except Misfit:
        pass
    try:
        if "-" in text:
            return datetime.fromisoformat(text).timestamp()
        now = datetime.now()
        then = datetime.combine(now.date(), datetime.fromisoformat(f"{now.date()} {text}").time())
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no time: write it like 14:05, 2026-01-31 14:05:00 or 10m (ago)"
        ) from error
    return (then if then <= now else then - timedelta(days=1)).timestamp()
