"""The ping monitor: what it makes of statistics."""

import pytest

from mon.plugin import Cause, Down, Statistics

GOOD = Statistics("127.0.0.1", 3, 3, 0.001, 0.002, 0.003)
LOSSY = Statistics("127.0.0.1", 3, 2, 0.001, 0.002, 0.003)
DEAD = Statistics("127.0.0.1", 3, 0)


@pytest.fixture
def pinged(load):
    async def one(statistics, **options):
        class Pinged:
            async def ping(self, host, **asked):
                return statistics

        return await load("ping").check("web", probe=Pinged(), **options)

    return one


async def test_statistics_are_told(pinged):
    assert await pinged(GOOD) == "3 of 3 answers, 0 % lost, 1.00/2.00/3.00 ms"
    assert (await pinged(LOSSY)).startswith("2 of 3 answers, 33 % lost")


@pytest.mark.parametrize(
    ("statistics", "options", "said", "cause"),
    [
        (DEAD, {}, "no answer to 3 pings", Cause.TIMEOUT),
        (LOSSY, {"loss": 30}, "more than 30 % lost", Cause.TIMEOUT),
        (GOOD, {"slow": 1.5}, r"slower than 1\.5 ms", Cause.WRONG),
    ],
)
async def test_loss_and_slowness_are_down(pinged, statistics, options, said, cause):
    with pytest.raises(Down, match=said) as found:
        await pinged(statistics, **options)
    assert found.value.cause is cause


def test_the_deadline_covers_every_ping(load):
    assert load("ping").deadline({"count": 3, "interval": 1.0, "timeout": 2.0}) == 14
