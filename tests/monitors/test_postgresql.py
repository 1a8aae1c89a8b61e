"""The postgresql monitor against PostgreSQL."""

import pytest
import servers

from mon.plugin import Down


@pytest.fixture(scope="module")
def server(run, authority):
    return run(servers.postgres, authority)


@pytest.fixture
def postgresql(load):
    return load("postgresql")


@pytest.fixture
def wish(server, login):
    return {
        "port": server,
        "username": login["user"],
        "password": login["password"],
        "database": "postgres",
        "timeout": 20,
    }


async def test_login_and_query(postgresql, probe, wish):
    assert (await postgresql.check("127.0.0.1", probe=probe, **wish)).startswith("PostgreSQL ")
    wish |= {"query": "SELECT 3 UNION SELECT 4 ORDER BY 1", "most": 3.0, "match": "^3$"}
    assert await postgresql.check("127.0.0.1", probe=probe, **wish) == "3, 2 rows"


async def test_over_tls(postgresql, probe, wish, ca):
    wish |= {
        "tls": True,
        "query": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        "match": "True",
    }
    assert await postgresql.check("127.0.0.1", ca=ca, probe=probe, **wish) == "True, 1 row"
    with pytest.raises(Down, match="TLS: certificate not accepted"):
        await postgresql.check("127.0.0.1", probe=probe, **wish)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"password": "wrong"}, r"password authentication failed for user .*\(28P01\)"),
        ({"database": "gone"}, r'database "gone" does not exist \(3D000\)'),
        ({"query": "SELECT 1 WHERE false"}, "no rows"),
        ({"query": "SELECT * FROM gone"}, r'relation "gone" does not exist \(42P01\)'),
        ({"query": "SELECT 5", "most": 4.0}, "5 is more than 4"),
        ({"query": "SELECT 5", "least": 6.0}, "5 is less than 6"),
        ({"query": "SELECT 'primary'", "match": "standby"}, "primary: no match for standby"),
    ],
)
async def test_a_server_that_does_not_answer_as_wanted_is_down(postgresql, probe, wish, change, why):
    with pytest.raises(Down, match=why):
        await postgresql.check("127.0.0.1", probe=probe, **{**wish, **change})


async def test_a_query_that_takes_too_long_is_a_timeout(postgresql, probe, wish):
    wish |= {"query": "SELECT pg_sleep(30)", "timeout": 1}
    with pytest.raises(Down, match="no whole answer within 1 s"):
        await postgresql.check("127.0.0.1", probe=probe, **wish)
