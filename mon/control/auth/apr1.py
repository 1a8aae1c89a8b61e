"""The ``$apr1$`` hash of htpasswd: md5-crypt with another magic word, which libcrypt does not know.

The algorithm is that of FreeBSD's md5-crypt, as the documentation of Apache's "Password Formats" names it.
It is weak by today's measure; it is here because files are full of it.
"""

from hashlib import md5

MAGIC = b"$apr1$"
ROUNDS = 1000
LETTERS = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))
"""Which octets of the digest make four letters, the first one highest; number 11 is left for the end."""


def crypt(password: bytes, setting: bytes) -> bytes:
    """The hash of ``password`` with the salt of ``setting``, which begins with ``$apr1$``."""
    salt = setting.removeprefix(MAGIC).partition(b"$")[0][:8]
    return MAGIC + salt + b"$" + _letters(_stretched(password, salt, _first(password, salt)))


def _first(password: bytes, salt: bytes) -> bytes:
    inner = md5(password + salt + password, usedforsecurity=False).digest()
    mixed = bytearray(password + MAGIC + salt)
    mixed += (inner * (len(password) // 16 + 1))[: len(password)]
    bits = len(password)
    while bits:
        mixed += b"\0" if bits & 1 else password[:1]
        bits >>= 1
    return md5(bytes(mixed), usedforsecurity=False).digest()


def _stretched(password: bytes, salt: bytes, digest: bytes) -> bytes:
    for number in range(ROUNDS):
        odd = number % 2
        mixed = password if odd else digest
        mixed += salt if number % 3 else b""
        mixed += password if number % 7 else b""
        mixed += digest if odd else password
        digest = md5(mixed, usedforsecurity=False).digest()
    return digest


def _letters(digest: bytes) -> bytes:
    text = b"".join(_four(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in ORDER)
    return text + _four(digest[11], 2)


def _four(value: int, letters: int) -> bytes:
    return bytes(LETTERS[value >> 6 * place & 63] for place in range(letters))
