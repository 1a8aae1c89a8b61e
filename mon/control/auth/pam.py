"""PAM: has the system's policy for a service let this user in with this password?  (pam(3), by ctypes)

A refusal takes two seconds and more, by PAM's own wish: not for the loop.
"""

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from mon.errors import ControlError

SUCCESS, BUFFER_ERROR = 0, 5
PROMPT_HIDDEN, PROMPT_SHOWN = 1, 2
SERVICE = "passwd"
"""The service that is asked when ``pamservice`` names none, as with the classic mon."""


class _Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("status", ctypes.c_int)]


_Talk = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = [("talk", _Talk), ("data", ctypes.c_void_p)]


def admits(user: str, password: str, service: str = SERVICE, *, folder: Path | None = None) -> bool:
    """Does PAM authenticate the user?  ``folder`` holds the policies, None is the system's own.

    Raises ControlError when there is no PAM, or it cannot begin.
    """
    name, secret = (text.encode("utf-8", "surrogateescape") for text in (user, password))
    if b"\0" in name + secret:
        return False
    library, session = _library(), ctypes.c_void_p()
    conversation = _Conversation(_answers(name, secret), None)
    begun = library.pam_start_confdir(
        service.encode(),
        name,
        ctypes.byref(conversation),
        str(folder).encode() if folder else None,
        ctypes.byref(session),
    )
    if begun != SUCCESS:
        raise ControlError(f"PAM cannot begin with the service {service}: error {begun}")
    status = library.pam_authenticate(session, 0)
    library.pam_end(session, status)
    return bool(status == SUCCESS)


def _answers(user: bytes, password: bytes) -> Any:
    """The password to every hidden question, the user's name to every other one."""
    libc, said = _libc(), {PROMPT_HIDDEN: password, PROMPT_SHOWN: user}

    def talk(count: int, messages: Any, answers: Any, _data: object) -> int:
        block = libc.calloc(count, ctypes.sizeof(_Response))  # PAM frees it, and the texts
        if not block:
            return BUFFER_ERROR
        responses = ctypes.cast(block, ctypes.POINTER(_Response))
        for number in range(count):
            text = said.get(messages[number].contents.style)
            if text is not None:
                responses[number].text = libc.strdup(text)
        answers[0] = block
        return SUCCESS

    return _Talk(talk)


@lru_cache(1)
def _libc() -> Any:
    libc = ctypes.CDLL(None)
    libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
    libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    libc.strdup.argtypes = [ctypes.c_char_p]
    return libc


@lru_cache(1)
def _library() -> Any:
    """libpam, 1.4 or newer."""
    try:
        library = ctypes.CDLL("libpam.so.0")
        start = library.pam_start_confdir
    except (OSError, AttributeError) as error:
        raise ControlError(f"PAM cannot be asked: {error}") from error
    start.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    library.pam_authenticate.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.pam_end.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return library
