"""Did you mean ...?"""

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` with the nearest known word, "" if none is near.  Case does not count."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.7)
    return f"did you mean '{by_lower[near[0]]}'?" if near else ""
