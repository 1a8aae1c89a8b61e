"""Words to verdicts."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.errors import Down, Unknown
from mon.model.config import Host
from mon.model.moment import Moment
from mon.model.result import Cause, Verdict
from mon.model.weight import Weighed
from mon.runner.judging import Finished, finding, judged, named, one_line, roll_up

RUN = Finished(("farm", "http"), Moment(100, 0), Moment(102, 2))
HOSTS = (Host("web1"), Host("web2", "10.0.0.2"), Host("web3"))


def verdicts(result):
    return {part.host: part.verdict.value for part in result.hosts}


def test_status_0_is_ok_for_every_host():
    assert verdicts(judged(RUN, HOSTS, 0, "all fine\n", "")) == dict.fromkeys(("web1", "web2", "web3"), "ok")


def test_words_of_the_summary_that_are_hosts_are_down():
    result = judged(RUN, HOSTS, 1, "web1 web3\nweb1 says no\n", "")
    assert verdicts(result) == {"web1": "down", "web2": "ok", "web3": "down"}
    assert [part.detail for part in result.hosts] == ["web1 says no", "", "web1 web3"]


def test_an_address_of_name_and_address_means_the_name():
    assert verdicts(judged(RUN, HOSTS, 1, "10.0.0.2\n", ""))["web2"] == "down"


def test_prose_with_a_failing_status_tells_nothing_about_any_host():
    result = judged(RUN, HOSTS, 4, "the database is broken\n", "")
    assert set(verdicts(result).values()) == {"unknown"}
    assert (result.status, result.trouble) == (4, "")


def test_trouble_is_unknown_for_every_host_whatever_was_said():
    result = judged(RUN, HOSTS, 137, "web1\n", "ended by signal 9 (SIGKILL)")
    assert set(verdicts(result).values()) == {"unknown"}
    assert result.summary == "ended by signal 9 (SIGKILL)"
    assert result.detail == "web1\n"


@pytest.mark.parametrize(
    "summary",
    [
        "web1,web3",
        "web1: timeout, (web3)",
        "WEB1 Web3",
        "failed: web1; web3",
        "web1:389 web3:389",  # Debian's ldap.monitor
        "web1(expired) web3(expires soon)",  # sslcert.monitor
        "web1 web3(example.test)",  # dns.monitor
    ],
)
def test_names_are_found_in_the_usual_punctuation(summary):
    assert set(named(summary, HOSTS)) == {"web1", "web3"}


def test_a_name_inside_another_word_is_not_that_host():
    assert named("web10 myweb1 web1.example.com web1:a:b", HOSTS) == {}


def test_an_address_that_begins_like_another_is_not_that_host():
    assert set(named("2001:db8::1:25", (Host("2001:db8::1"), Host("2001:db8::1:25")))) == {"2001:db8::1:25"}


@given(st.sets(st.sampled_from([host.name for host in HOSTS])))
def test_what_is_named_is_exactly_what_is_down(names):
    result = judged(RUN, HOSTS, 1 if names else 0, " ".join(sorted(names)), "")
    assert {part.host for part in result.hosts if part.verdict is Verdict.DOWN} == names


def test_the_parts_carry_the_exit_status_of_the_program():
    assert {part.host: part.status for part in judged(RUN, HOSTS, 7, "web1", "").hosts} == {
        "web1": 7, "web2": 0, "web3": 0,
    }  # fmt: skip


def test_a_round_of_ours_reads_like_a_classic_monitor():
    parts = [
        RUN.of_host("web1", Verdict.OK, "HTTP 200"),
        RUN.of_host("web2", Verdict.DOWN, "refused", cause=Cause.REFUSED),
    ]
    result = roll_up(RUN, parts)
    assert (result.status, result.output) == (1, "web2\nweb2: refused\nweb1: HTTP 200\n")


def test_a_good_round_has_an_empty_summary():
    result = roll_up(RUN, [RUN.of_host("web1", Verdict.OK, "HTTP 200")])
    assert (result.status, result.summary, result.detail) == (0, "", "web1: HTTP 200\n")


def test_a_round_in_which_nobody_could_be_tested_is_trouble():
    result = roll_up(RUN, [RUN.of_host("web1", Verdict.UNKNOWN, "no resolver")])
    assert (result.status, result.trouble) == (2, "no resolver")


def test_a_round_without_hosts_is_good():
    assert roll_up(RUN, []).status == 0


def test_only_down_and_unknown_are_meant():
    assert finding(Down("x", cause=Cause.TIMEOUT)) == (Verdict.DOWN, "x", Cause.TIMEOUT)
    assert finding(Unknown("y")) == (Verdict.UNKNOWN, "y", Cause.NONE)
    assert finding(KeyError("z"))[:2] == (Verdict.UNKNOWN, "the monitor failed: KeyError: 'z'")


def test_a_detail_is_one_line_without_control_characters():
    assert one_line("a\nb\tc\x1b[31m\udcff ü") == "a b c\\x1b[31m\\udcff ü"
    assert len(one_line("x" * 10_000)) < 5_000


@given(st.text())
def test_any_detail_can_be_encoded_and_printed(text):
    assert one_line(text).isprintable()
    one_line(text).encode()


def weights(result):
    return {part.host: str(part.weight) for part in result.hosts if part.weight is not None}


def test_a_line_of_a_program_suggests_a_weight_for_a_host_that_is_ok():
    said = "all fine\nWEIGHT web1 5\nload of web2\nWEIGHT 10.0.0.2 75%\nWEIGHT web9 1\n"
    assert weights(judged(RUN, HOSTS, 0, said, "")) == {"web1": "5", "web2": "75%"}
    assert weights(judged(RUN, HOSTS, 1, "web1\nWEIGHT web1 5\nWEIGHT web3 5\nweb1 is slow\n", "")) == {
        "web3": "5"
    }
    assert judged(RUN, HOSTS, 1, "web1\nWEIGHT web1 5\nweb1 is slow\n", "").hosts[0].detail == "web1 is slow"


@pytest.mark.parametrize(
    "line", ["WEIGHT web1", "WEIGHT web1 -5", "WEIGHT web1 many", "WEIGHTS web1 5", "weight web1 5"]
)
def test_what_is_no_such_line_is_prose(line):
    assert weights(judged(RUN, HOSTS, 0, f"fine\n{line}\n", "")) == {}


def test_nobody_suggests_anything_when_it_could_not_be_found_out():
    said = "broken\nWEIGHT web1 5\n"
    assert weights(judged(RUN, HOSTS, 1, said, "")) == {}
    assert weights(judged(RUN, HOSTS, 137, said, "ended by signal 9")) == {}


def test_what_ours_suggest_is_rolled_up_as_a_program_would_say_it():
    parts = [
        RUN.of_host("web1", Verdict.OK, Weighed("load 3", "50%")),
        RUN.of_host("web2", Verdict.DOWN, Weighed("refused", 9)),
    ]
    rolled = roll_up(RUN, parts)
    assert rolled.output == "web2\nweb2: refused\nweb1: load 3\nWEIGHT web1 50%\n"
    again = judged(RUN, HOSTS, rolled.status, rolled.output, "")
    assert weights(again) == weights(rolled) == {"web1": "50%"}


@pytest.mark.parametrize(
    "line",
    ["web1 is slow", "http://web1/: 500", "host web1: refused", "web1.example.com says no", "(web1:80) no"],
)
def test_the_line_about_a_host_is_found_however_it_is_named(line):
    detail = f"web10 is well\nWEIGHT web1 5\n{line}\nweb1 again\n"
    assert judged(RUN, HOSTS, 1, f"web1\n{detail}", "").hosts[0].detail == line


def lines_run(*arguments):
    """How many lines of Python it takes to judge this."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judged(*arguments)
    finally:
        sys.settrace(before)
    return count


FARM = tuple(Host(f"h{number}", f"10.0.0.{number}") for number in range(200))
ALL = " ".join(host.name for host in FARM)


@pytest.mark.parametrize(
    ("hosts", "head", "more"),
    [
        (FARM, f"{ALL}\n", "x\n"),  # many hosts, many lines
        (FARM, f"{ALL}\n", "h999 h1000 "),  # one long line
        (FARM[:2], "", "word "),  # a long summary
        (FARM[:2], "", "h1,h2(x):1,"),
        (FARM, "h1\n", "WEIGHT h1 5\n"),
        (FARM, "h1\n", "\x1b\ud800\x00"),
    ],
)
def test_twice_the_output_is_twice_the_work_whatever_the_hosts(hosts, head, more):
    once, twice = (lines_run(RUN, hosts, 1, head + more * times, "") for times in (2000, 4000))
    assert twice <= 2.1 * once
