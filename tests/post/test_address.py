"""The bare address of what people write, with every Python that we run on."""

import pytest

from mon.post.address import bare_address


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("ops@x.example", "ops@x.example"),
        ("Operators <ops@x.example>", "ops@x.example"),
        ('"Operators, at night" <ops@x.example>', "ops@x.example"),
        ("mon@[192.0.2.1]", "mon@[192.0.2.1]"),
        ("Mon <mon@[IPv6:2001:db8::1]>", "mon@[IPv6:2001:db8::1]"),
        ("größe@größe.example", "größe@größe.example"),
        ("root", "root"),
        ("", ""),
        ("<", "<"),
        ("Ops <", "Ops <"),
        ("@", "@"),
    ],
)
def test_an_address_is_found_or_the_text_stays(text: str, bare: str) -> None:
    assert bare_address(text) == bare
