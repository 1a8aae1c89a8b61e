"""Mail addresses as people write them."""

from email import policy


def bare_address(text: str) -> str:
    """``ops@x.example`` of ``Operators <ops@x.example>``; the text itself if it is no address.

    Not by email.utils: that of Python 3.11.2 (Debian 12) finds none in ``mon@[192.0.2.1]`` (RFC 5321, 4.1.3).
    """
    try:
        found = policy.default.header_factory("to", text).addresses
    except (IndexError, ValueError):  # of half an address, in some versions
        return text
    return found[0].addr_spec if found and found[0].username else text
