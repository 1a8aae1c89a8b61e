"""crypt(3) of the system's libcrypt: DES, md5, bcrypt, sha256, sha512, yescrypt, whatever it knows.

Python's own ``crypt`` module went with 3.13.
"""

import ctypes
from functools import lru_cache
from typing import Any

from mon.errors import ControlError

SCRATCH = 256 * 1024
"""Octets for crypt_r's ``struct crypt_data``: 32,768 in libxcrypt, 131,232 in the glibc of old."""


def crypt(password: bytes, setting: bytes) -> bytes:
    """The hash of ``password`` with the method and the salt of ``setting``; b"" if it knows neither.

    Takes up to 50 ms and more, as it should.  Raises ControlError when there is no libcrypt.
    """
    hashed = _crypt_r()(password, setting, ctypes.create_string_buffer(SCRATCH))
    return b"" if hashed is None or hashed.startswith(b"*") else bytes(hashed)


@lru_cache(1)
def _crypt_r() -> Any:
    for name in ("libcrypt.so.1", "libcrypt.so.2", "libcrypt.so"):
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]
        return function
    raise ControlError("there is no libcrypt here, so no password can be checked: install libcrypt1")
