"""Where log lines go and what they look like: the importer of logging's outputs.

One line per event, to stderr or to syslog: a sentence for people, or with ``--log-json`` an object
for programs.  An event is an ordinary record; ``extra={"event": name, "fields": {...}}`` gives it
a name and values that only the JSON form shows.
"""

import json as json_text
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import SysLogHandler
from pathlib import Path

from mon.outside import one_line, printable

DEVICE = "/dev/log"
"""Where the local syslog listens."""

_MOST = 8000  # characters of a line; syslog refuses a longer datagram as a whole


def set_up(*, json: bool = False, facility: str = "", debug: bool = False, device: str = DEVICE) -> None:
    """Send everything that is logged from now on to stderr, or to syslog if a ``facility`` is named.

    A facility that does not exist is ``daemon``, and a missing syslog is stderr; both are said in a line.
    """
    trouble = ""
    output: logging.Handler = logging.StreamHandler(sys.stderr)
    if facility:
        try:
            output = _syslog(facility, device)
        except OSError as error:
            trouble = f"no syslog at {device} ({error.strerror or error}): logging to stderr"
    if facility and facility not in SysLogHandler.facility_names:
        trouble = trouble or f"syslog has no facility {facility!r}: logging to daemon"
    output.setFormatter(JsonLine() if json else PlainLine(stamp=isinstance(output, logging.StreamHandler)))
    root = logging.getLogger()
    _close(root)
    root.addHandler(output)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for library in ("apscheduler", "asyncio", "urllib3", "pyroute2"):
        logging.getLogger(library).setLevel(logging.WARNING)  # they tell each step they take
    if trouble:
        logging.getLogger("mon").warning(trouble)


class PlainLine(logging.Formatter):
    """``2026-11-01 12:00:00 WARNING web/http: ok -> fail: ...``: one line, whatever was said.

    Without ``stamp`` neither time nor level: syslog and the journal have their own.
    """

    def __init__(self, *, stamp: bool = True) -> None:
        super().__init__()
        self._stamp = stamp

    def format(self, record: logging.LogRecord) -> str:
        """The sentence; a traceback follows on its own lines."""
        text = _cut(one_line(record.getMessage()))
        if record.exc_info:
            text += "\n" + printable(self.formatException(record.exc_info))
        if not self._stamp:
            return _cut(text)
        at = datetime.fromtimestamp(record.created).astimezone()
        return f"{at:%Y-%m-%d %H:%M:%S} {record.levelname} {text}"


class JsonLine(logging.Formatter):
    """One JSON object per event: time (UTC), level, event, message, and the event's own fields.

    A field never hides one of the first four.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The object, on one line."""
        fields = getattr(record, "fields", None)
        values: dict[str, object] = dict(fields) if isinstance(fields, Mapping) else {}
        values |= {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "message": record.getMessage(),
        }
        if record.exc_info:
            values["traceback"] = self.formatException(record.exc_info)
        return json_text.dumps(values, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else text[:_MOST] + " ..."


def _syslog(facility: str, device: str) -> SysLogHandler:
    if not Path(device).is_socket():  # or it would quietly fall back to UDP port 514
        raise FileNotFoundError(2, "No such socket")
    number = SysLogHandler.facility_names.get(facility, SysLogHandler.LOG_DAEMON)
    output = SysLogHandler(address=device, facility=number)
    output.ident = "mon: "
    output.append_nul = False
    return output


def _close(root: logging.Logger) -> None:
    for output in tuple(root.handlers):
        if isinstance(output, SysLogHandler) or type(output) is logging.StreamHandler:
            root.removeHandler(output)
            output.close()
