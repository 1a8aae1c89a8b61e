"""The clock of tests."""

from mon.testing.clock import FakeClock


def test_time_stands_still_until_told_otherwise():
    clock = FakeClock()
    assert clock() == clock()


def test_advancing_moves_both_clocks():
    clock = FakeClock()
    before, after = clock(), clock.advance(2.5)
    assert (after.wall - before.wall, after.mono - before.mono) == (2.5, 2.5)
    assert clock() == after


def test_a_step_moves_the_wall_clock_only():
    clock = FakeClock()
    before, after = clock(), clock.step_wall(-3600)
    assert (after.wall - before.wall, after.mono - before.mono) == (-3600, 0)
