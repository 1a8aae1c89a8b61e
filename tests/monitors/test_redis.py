"""The redis monitor against Redis: a master, a replica without one, one with a password."""

import pytest
import servers

from mon.plugin import BadOption, Down


@pytest.fixture(scope="module")
def master(run):
    return run(servers.redis)


@pytest.fixture(scope="module")
def locked(run):
    return run(servers.redis, "--requirepass", servers.PASSWORD)


@pytest.fixture(scope="module")
def orphan(run):
    """A replica whose master is away: up, and it answers."""
    return run(servers.redis, "--replicaof", servers.HERE, str(servers.free_port()))


@pytest.fixture
def redis(load):
    return load("redis")


async def test_a_sign_of_life_and_its_role(redis, probe, master):
    assert await redis.check("127.0.0.1", port=master, probe=probe) == "PONG"
    assert await redis.check("127.0.0.1", port=master, role="master", probe=probe) == "PONG, master"


async def test_a_login(redis, probe, locked, login):
    assert await redis.check("127.0.0.1", port=locked, password=login["password"], probe=probe) == "PONG"
    with pytest.raises(Down, match="PING: NOAUTH"):
        await redis.check("127.0.0.1", port=locked, probe=probe)
    with pytest.raises(Down, match="AUTH: WRONGPASS"):
        await redis.check("127.0.0.1", port=locked, password="no", probe=probe)


async def test_a_replica_in_the_role_of_a_master_is_down(redis, probe, orphan):
    assert await redis.check("127.0.0.1", port=orphan, probe=probe) == "PONG"
    with pytest.raises(Down, match="it is slave, not master"):
        await redis.check("127.0.0.1", port=orphan, role="master", probe=probe)


async def test_a_replica_without_its_master_is_down(redis, probe, orphan):
    with pytest.raises(Down, match="its link to its master is down"):
        await redis.check("127.0.0.1", port=orphan, role="slave", probe=probe)


async def test_an_answer_of_something_else_is_down(redis, probe, start):
    async def serve(reader, writer):
        writer.write(b"+OK\r\n")
        await reader.read()

    with pytest.raises(Down, match="PING: OK, expected PONG"):
        await redis.check("127.0.0.1", port=await start(serve), probe=probe)


def test_a_role_that_nobody_has_is_refused(redis):
    with pytest.raises(BadOption, match="it takes master or slave"):
        redis.verify({"role": "leader"})
