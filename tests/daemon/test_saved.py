"""The file of addresses: written whole, and never a reason not to start."""

from pathlib import Path

import pytest

from mon.daemon.saved import save_addresses, saved_addresses

KNOWN = {"web1.example": ("192.0.2.1",), "web2.example": ("192.0.2.2", "2001:db8::2")}


def test_what_was_saved_is_known_again(tmp_path: Path) -> None:
    save_addresses(tmp_path / "addresses.json", KNOWN)
    assert saved_addresses(tmp_path / "addresses.json") == KNOWN
    assert [each.name for each in tmp_path.iterdir()] == ["addresses.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 100, b"[]", b"[" * 9**5, b'{"addresses": {"w": 1}, "at": 0}', b'{"addresses": {}}', b"\xff",
     b'{"addresses": {"w": ["no address"]}, "at": 0}', b'{"addresses": {"w": []}, "at": 0}'],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_a_file_that_is_no_such_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "addresses.json").write_bytes(content)
    assert saved_addresses(tmp_path / "addresses.json") == {}


def test_any_byte_of_it_may_be_wrong(tmp_path: Path) -> None:
    path = tmp_path / "addresses.json"
    save_addresses(path, KNOWN)
    good = path.read_bytes()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x80]) + good[place + 1 :])
        saved_addresses(path)  # raises nothing


def test_a_file_that_is_not_there_or_is_a_directory_says_nothing(tmp_path: Path) -> None:
    assert saved_addresses(tmp_path / "absent") == {} == saved_addresses(tmp_path)
