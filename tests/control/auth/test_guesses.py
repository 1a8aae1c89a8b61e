"""How many wrong passwords an address may send."""

from mon.control.auth.guesses import BURST, BURST_OF_ALL, REMEMBERED, Guesses


def test_an_address_has_a_burst_and_then_one_a_second() -> None:
    guesses = Guesses()
    assert sum(guesses.take("192.0.2.1", 0.0) for _ in range(1000)) == BURST
    assert sum(guesses.take("192.0.2.1", 5.0) for _ in range(1000)) == 5


def test_another_address_is_not_charged_for_it() -> None:
    guesses = Guesses()
    for _ in range(1000):
        guesses.take("192.0.2.1", 0.0)
    assert guesses.take("192.0.2.2", 0.0)


def test_a_right_password_costs_nothing() -> None:
    guesses = Guesses()
    for _ in range(1000):
        assert guesses.take("192.0.2.1", 0.0)
        guesses.right("192.0.2.1", 0.0)


def test_thousands_of_invented_addresses_share_a_budget_and_little_memory() -> None:
    guesses = Guesses()
    assert sum(guesses.take(f"10.{number}", 0.0) for number in range(5000)) == BURST_OF_ALL
    for number in range(5000):
        guesses.take(f"10.{number}", float(number))
    assert len(guesses._left) <= REMEMBERED
