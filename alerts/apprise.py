"""Send by any of the hundred services that Apprise knows, each by a URL (pip install mon[apprise]).

A URL holds passwords: it is @FILE (one URL a line) or env:NAME.  Which URLs there are:
https://github.com/caronc/apprise/wiki
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Annotated, Any

from mon.plugin import (
    AlertType,
    BadOption,
    Hidden,
    Notice,
    Option,
    Render,
    Undeliverable,
    Zone,
    brief,
    exposed,
    library,
    secret,
    verify_zone,
)

KINDS = {AlertType.UP: "success", AlertType.STARTUP: "info", AlertType.ACK: "info", AlertType.TEST: "info"}
"""What Apprise calls them; all others are failures."""


UNKNOWN = "a URL is none that Apprise knows"


def send(
    notice: Notice,
    url: Annotated[list[str], Option(positional=True, metavar="@FILE", help="where to; or env:NAME")],
    *,
    zone: Zone = "",
    render: Render,
) -> str:
    """Hand it to Apprise, which sends it to each of the URLs."""
    urls = [line.strip() for word in url for line in secret(word).splitlines()]
    urls = [line for line in urls if line and not line.startswith("#")]
    urls = [url for url in urls if _mark(url) in notice.left] or urls
    if not urls:
        raise Undeliverable("no URL to send to", permanent=True)
    try:
        apprise = library("apprise", "apprise")
    except BadOption as error:
        raise Undeliverable(str(error)) from None
    said, kind = brief(notice, render, zone), KINDS.get(notice.type, "failure")
    return _notify(apprise, urls, title=said.subject, body=said.text or said.subject, kind=kind)


def verify(options: Mapping[str, Any]) -> list[str]:
    """Is Apprise there, and who may read the URLs?"""
    library("apprise", "apprise")
    verify_zone(options)
    words = list(options.get("url") or ())
    if any("://" in word for word in words):
        raise BadOption("a URL of Apprise holds secrets and stands here: write it to FILE, and @FILE here")
    return exposed(*words)


def preview(notice: Notice, options: Mapping[str, Any], render: Render) -> str:
    """Title and text as they would be sent."""
    said = brief(notice, render, str(options.get("zone") or ""))
    return f"{said.subject}\n\n{said.text}"


def _notify(apprise: Any, urls: Sequence[str], *, title: str, body: str, kind: str) -> str:
    hidden = Hidden(piece for url in urls for piece in (url, url.partition("://")[2]))
    places = [apprise.Apprise() for _ in urls]  # one each: of several it does not say which failed
    # What went wrong, Apprise only writes to its log, which would end up in ours, secrets and all.
    logging.getLogger("apprise").propagate = False
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as log:
        known = [place.add(url) for place, url in zip(places, urls, strict=True)]
        with ThreadPoolExecutor(max_workers=len(urls)) as side_by_side:
            told = side_by_side.map(
                lambda place: place.notify(
                    body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
                ),
                places,
            )
            done = list(told)
        why = ""
        with suppress(ValueError, AttributeError):
            why = hidden(" ".join(log.getvalue().split()))[:200]
    marks = [_mark(url) for url in urls]
    refused = {mark: UNKNOWN for mark, known in zip(marks, known, strict=True) if not known}
    left = [mark for mark, told in zip(marks, done, strict=True) if not told and mark not in refused]
    if left:
        text = f"{len(left)} of {len(urls)} could not be told" + (f": {why}" if why else "")
        raise Undeliverable(text, left=left, refused=refused)
    if refused:
        raise Undeliverable(f"{len(refused)} of {len(urls)}: {UNKNOWN}", permanent=True, refused=refused)
    return f"told {len(urls)}"


def _mark(url: str) -> str:
    """Which URL it is: too short to guess from it what the URL holds."""
    return hashlib.sha256(url.encode()).hexdigest()[:8]
