"""The mysql monitor against MariaDB."""

import itertools

import pytest
import servers

from mon.plugin import BadOption, Down


@pytest.fixture(scope="module")
def server(run):
    return run(servers.mariadb)


@pytest.fixture
def mysql(load):
    return load("mysql")


@pytest.fixture
def wish(server, login):
    return {"port": server, "username": login["user"], "password": login["password"], "timeout": 20}


async def test_login_and_query(mysql, probe, wish):
    assert "MariaDB" in await mysql.check("127.0.0.1", probe=probe, **wish)
    wish |= {"query": "SELECT 3 UNION SELECT 4", "most": 3.0, "match": "^3$"}
    assert await mysql.check("127.0.0.1", probe=probe, **wish) == "3, 2 rows"


async def test_a_database_with_tables(mysql, probe, wish):
    assert await mysql.check("127.0.0.1", database="shop", probe=probe, **wish) == "items, 1 row"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"password": "wrong"}, r"Access denied for user 'watcher'@.*\(1045\)"),
        ({"database": "gone"}, r"Unknown database 'gone' \(1049\)"),
        ({"database": "empty"}, "SHOW TABLES: no rows"),
        ({"query": "SELECT * FROM shop.gone"}, r"doesn't exist \(1146\)"),
        ({"query": "SELECT number FROM shop.items"}, "no rows"),
        ({"query": "SELECT 5", "most": 4.0}, "5 is more than 4"),
        ({"tls": True}, "SSL|TLS"),
    ],
)
async def test_a_server_that_does_not_answer_as_wanted_is_down(mysql, probe, wish, change, why):
    with pytest.raises(Down, match=why):
        await mysql.check("127.0.0.1", probe=probe, **{**wish, **change})


async def test_a_query_that_takes_too_long_is_a_timeout(mysql, probe, wish):
    wish |= {"query": "SELECT SLEEP(30)", "timeout": 1}
    with pytest.raises(Down, match="no whole answer within 1 s"):
        await mysql.check("127.0.0.1", probe=probe, **wish)


async def test_a_server_of_endless_rows_is_down(mysql, probe, start):
    def packet(number, data):
        return len(data).to_bytes(3, "little") + bytes((number & 255,)) + data

    async def serve(reader, writer):
        salt = b"saltsalt\0\xff\xf7\x21\2\0" + bytes(13) + b"salt" * 3 + b"\0"
        writer.write(packet(0, b"\x0a8.0\0" + bytes(4) + salt))
        await reader.read(4096)
        writer.write(packet(2, b"\0\0\0\2\0\0\0"))
        column = b"\3def\0\0\0\1v\0\x0c\x21\0\xff\0\0\0\xfd\0\0\0\0\0"
        while b"SELECT" not in await reader.read(4096):  # SET AUTOCOMMIT, and the like
            writer.write(packet(1, b"\0\0\0\2\0\0\0"))
        writer.write(packet(1, b"\1") + packet(2, column) + packet(3, b"\xfe\0\0\2\0"))
        try:
            for number in itertools.count(4):
                writer.write(packet(number, b"\xfc\xff\x3f" + b"x" * 0x3FFF))
                await writer.drain()
        finally:
            writer.transport.abort()

    with pytest.raises(Down, match="an answer of more than 16777216 bytes"):
        await mysql.check("127.0.0.1", port=await start(serve), probe=probe, timeout=120)


def test_msql_is_refused(mysql):
    with pytest.raises(BadOption, match="only mysql is left"):
        mysql.verify({"mode": "msql"})
