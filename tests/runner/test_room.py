"""Places, waiting for one, giving it up."""

import asyncio

from mon.runner.room import Room


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Guests:
    """Who is in a room, in the order in which they came in."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.inside: list[int] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *names: int) -> None:
        self.tasks += [asyncio.create_task(self._come(name)) for name in names]
        await turns()

    async def _come(self, name: int) -> None:
        await self.room.enter()
        self.inside.append(name)


async def test_so_many_are_in_and_the_others_follow_in_order() -> None:
    guests = Guests(Room(2))
    await guests.come(1, 2, 3, 4)
    assert guests.inside == [1, 2]
    guests.room.leave()
    await turns()
    assert guests.inside == [1, 2, 3]
    guests.room.leave()
    await turns()
    assert guests.inside == [1, 2, 3, 4]


async def test_a_place_that_was_left_is_free_again() -> None:
    guests = Guests(Room(1))
    await guests.come(1)
    guests.room.leave()
    await guests.come(2, 3)
    assert guests.inside == [1, 2]


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    guests = Guests(Room(1))
    await guests.come(1, 2, 3)
    guests.tasks[1].cancel()
    await turns()
    guests.room.leave()
    await turns()
    assert guests.inside == [1, 3]


async def test_who_is_cancelled_just_when_it_got_its_place_passes_it_on() -> None:
    guests = Guests(Room(1))
    await guests.come(1, 2, 3)
    guests.room.leave()
    guests.tasks[1].cancel()
    await turns()
    assert guests.inside == [1, 3]
