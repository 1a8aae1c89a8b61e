"""Messages told together: windows of groups, what counts in them, and what is taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mon.engine import Silence
from mon.model.notice import AlertType

A, B, C, PING = ("web", "a"), ("web", "b"), ("db", "c"), ("net", "ping")
PERIOD = "alert tell; upalert tell"


def group(settings="", period="", c="", direct=""):
    """A mon.cf of four services in one alertgroup of 30 s; semicolons part lines."""

    def lines(text, blanks):
        return "".join(f"{blanks}{line.strip()}\n" for line in text.split(";") if line.strip())

    def service(name, more=""):
        head = f" service {name}\n  interval 10s\n  monitor m\n{lines(more, '  ')}"
        return f"{head}  period wd {{Sun-Sat}}\n   collate team\n{lines(period, '   ')}"

    return (
        f"alertgroup team\n collate 30s\n{lines(settings, ' ')}{lines(f'{PERIOD}; {direct}', ' ')}\n"
        f"hostgroup web h1\nhostgroup db h2\nhostgroup net gw\n\nwatch web\n{service('a')}{service('b')}\n"
        f"watch db\n{service('c', c)}\nwatch net\n{service('ping')}"
    )


class Post:
    """What becomes of decisions: those of a window wait for its end."""

    def __init__(self, play):
        self.play = play
        self.waiting = []
        self.messages = []
        self.expired = []

    def took(self, step):
        for gone in step.withdrawn:
            mine = [each for each in self.waiting if self._is_meant(each, gone)]
            self.waiting = [each for each in self.waiting if each not in mine]
            self.expired += [(each, gone.why) for each in mine]
        for decision in step.sent:
            if decision.window:
                self.waiting.append(decision)
            else:
                self.messages.append([decision])
        for closed in step.closed:
            mine = [each for each in self.waiting if each.window == closed.window]
            self.waiting = [each for each in self.waiting if each.window != closed.window]
            if mine:
                self.messages.append(mine)
        return step

    @staticmethod
    def _is_meant(decision, gone):
        same = (decision.watch, decision.service) == gone.key and decision.window == gone.window
        return same and not (gone.failures_only and decision.type is AlertType.UP)

    def run(self, said, key):
        self.play.run(said, key)
        return self.took(self.play.step)

    def wait(self, seconds):
        return self.took(self.play.book.windows_over(self.play.clock.advance(seconds)))

    def ack(self, key):
        p = self.play
        return self.took(p.book.ack(key, "ann", "mine", p.clock.advance(1), {}))

    @property
    def told(self):
        return [
            " ".join(f"{each.service}{'+' if each.type is AlertType.UP else '-'}" for each in message)
            for message in self.messages
        ]


@pytest.fixture(scope="session")
def post(stage):
    """Makes a Post: ``post(settings of the group, ...)``."""
    return lambda *words, **more: Post(stage(group(*words, **more)))


def test_what_fails_within_the_window_goes_into_one_message(post):
    p = post()
    for key in (A, B, C):
        p.run("1|h1", key)
    assert p.told == []
    p.wait(20)
    assert p.told == []
    p.wait(10)
    assert p.told == ["a- b- c-"]


def test_the_decision_says_the_group_and_until_when_it_waits(post):
    p = post()
    (decision,) = p.run("1|h1", A).sent
    assert (decision.group, decision.rule) == ("team", "send")
    assert decision.until == p.play.clock().wall + 30
    assert decision.notice.group.name == "team"


def test_what_is_in_the_message_already_is_not_put_there_again_unless_it_says_something_else(post):
    p = post()
    p.run("1|x", A)
    p.run("1|x", A)
    assert (p.play.held, p.play.why) == (
        ["collected"],
        "group team: the message that is being collected has it",
    )
    p.run("1|y", A)
    p.wait(30)
    p.run("1|y", A)
    p.wait(30)
    assert p.told == ["a- a-", "a-"]


def test_recoveries_go_together_too_and_only_of_what_was_told(post):
    p = post()
    p.run("1", A)
    p.run("1", B)
    p.wait(30)
    p.run("0", A)
    p.run("0", C)
    p.run("0", B)
    p.wait(30)
    assert p.told == ["a- b-", "a+ b+"]


def test_a_service_that_recovers_in_the_window_is_in_the_message_with_both(post):
    p = post()
    p.run("1", A)
    p.run("1", B)
    p.run("0", A)
    p.wait(30)
    assert p.told == ["a- b- a+"]
    assert p.play.book.closing("team/1").failing == (B,)


def test_all_messages_until_all_is_well_are_one_thread(post):
    p = post()
    for said, key in (("1", A), ("wait", 0), ("1", B), ("0", A), ("wait", 0), ("0", B), ("wait", 0)):
        p.wait(30) if said == "wait" else p.run(said, key)
    p.run("1", C)
    p.wait(30)
    assert p.told == ["a-", "b- a+", "b+", "c-"]
    *first, last = [message[0].notice.thread for message in p.messages]
    assert len(set(first)) == 1
    assert last not in first


def test_numalerts_counts_messages_of_the_group(post):
    p = post("numalerts 2")
    for key in (A, B, A, B):
        p.run("1", key)
    p.wait(30)
    p.run("1", C)
    p.wait(30)
    p.run("1", PING)
    assert (p.play.held, p.play.why) == (["numalerts"], "group team: alerts sent: 2, numalerts is 2")
    assert p.told == ["a- b-", "c-"]
    for key in (A, B, C, PING):
        p.run("0", key)
    p.wait(30)
    p.run("1", PING)
    p.wait(30)
    assert p.told[2:] == ["a+ b+ c+", "ping-"]


def test_alertevery_counts_for_the_group_but_a_new_failure_is_news(post):
    p = post("alertevery 10m")
    p.run("1", A)
    p.wait(30)
    p.run("1", A)
    assert p.play.why == "group team: the last alert was 31s ago, alertevery is 600s"
    p.run("1", B)
    p.wait(600)
    p.run("1", A)
    p.run("1", B)
    p.wait(30)
    assert p.told == ["a-", "b-", "a- b-"]


def test_with_ignore_summary_the_group_is_told_no_more_often_than_that(post):
    p = post("alertevery 10m ignore_summary")
    p.run("1", A)
    p.run("1", B)
    p.wait(30)
    p.run("1", C)
    assert p.play.held == ["alertevery"]
    p.wait(600)
    p.run("1", C)
    p.wait(30)
    assert p.told == ["a- b-", "c-"]


def test_what_does_something_is_not_collated(post):
    p = post(direct="alert act")
    p.play.book.direct = [
        line for line in p.play.book.services[A].periods[0].lines if line.command.text == "act"
    ]
    p.run("1", A)
    assert [(d.line.command.text, d.window != "") for d in p.play.step.sent] == [
        ("tell", True),
        ("act", False),
    ]


def test_an_acknowledgement_in_the_window_takes_the_service_out_as_if_it_came_before(post):
    p = post()
    p.run("1", A)
    p.run("1", B)
    step = p.ack(A)
    assert [each.why for each in step.withdrawn] == ["acknowledged by ann: mine, before it was told"]
    p.wait(30)
    p.run("0", A)
    assert p.play.held == ["no alert before"]
    assert p.told == ["b-"]


def test_what_was_told_before_the_window_is_told_to_be_over_whatever_is_withdrawn(post):
    p = post()
    p.run("1", A)
    p.wait(30)
    p.run("1", A)
    p.run("0", A)
    p.play.book.disable_watch("web")
    p.wait(30)
    assert p.told == ["a-", "a+"]
    assert p.expired[0][1] == "the watch web is disabled, before it was told"


def test_a_silence_that_stands_at_the_end_of_the_window_takes_its_watch_out(post):
    p = post()
    p.run("1", A)
    p.run("1", C)
    now = p.play.clock()
    p.play.book.silences.begin(Silence("web", "", now.wall, now.later(100), "ann", "works"))
    p.wait(30)
    assert p.told == ["c-"]
    p.wait(100)
    p.run("1", A)
    p.wait(30)
    assert p.told == ["c-", "a-"]


def test_a_message_of_which_all_was_taken_back_does_not_count(post):
    p = post("numalerts 1")
    p.run("1", A)
    p.ack(A)
    p.wait(30)
    p.run("1", B)
    p.wait(30)
    assert p.told == ["b-"]


@pytest.mark.parametrize("parent_first", [True, False])
def test_a_parent_that_fails_before_or_after_its_child_is_told_with_the_child_behind_it(post, parent_first):
    p = post(c="depend net:ping")
    for key in (PING, C) if parent_first else (C, PING):
        p.run("1|gw", key)
    (closed,) = p.wait(30).closed
    assert p.told == ["ping-"]
    assert [(each.watch, each.service, each.since > 0) for each in closed.held[PING]] == [("db", "c", True)]
    why = p.play.step.decisions[0].why if parent_first else p.expired[0][1]
    assert why.startswith("the dependency 'net:ping' fails because of net/ping")
    p.run("0", C)
    assert "tell" not in p.play.took(p.play.step)


def test_a_message_without_a_window_names_who_is_held_by_its_failure(stage):
    period = "  period wd {Sun-Sat}\n   alert tell\n"
    child = " service sN\n  interval 1m\n  monitor m\n  depend net:ping\n" + period
    text = (
        "hostgroup net gw\nhostgroup web h1\n\nwatch net\n service ping\n  interval 1m\n  monitor m\n"
        + period
    )
    p = stage(f"{text}\nwatch web\n{''.join(child.replace('sN', f's{n}') for n in range(150))}")
    p.run("1|h1", ("web", "s7"))
    p.run("1|gw", PING)
    notice = p.step.sent[0].notice
    assert (len(notice.held), notice.held_total) == (100, 150)
    assert (notice.held[0].service, notice.held[0].summary, notice.held[1].since) == ("s7", "h1", 0.0)


def test_the_root_cause_is_at_the_bottom_of_a_chain(stage):
    period = "  period wd {Sun-Sat}\n   alert tell\n"

    def watch(name, more):
        head = f"hostgroup {name} {name}1\n\nwatch {name}\n service s\n  interval 1m\n  monitor m\n"
        return f"{head}{more}{period}\n"

    p = stage(watch("a", "") + watch("b", "  depend a:s\n") + watch("c", "  depend b:s\n"))
    p.run("1", ("a", "s"))
    p.run("1", ("b", "s"))
    p.run("1", ("c", "s"))
    assert p.why == "the dependency 'b:s' fails because of a/s"


def test_a_reload_keeps_the_window(post):
    p = post()
    p.run("1", A)
    p.play.book.reload(p.play.book.config, p.play.clock.advance(1))
    p.run("1", B)
    p.ack(A)
    p.wait(30)
    assert p.told == ["b-"]


def test_a_restart_keeps_the_window_and_who_is_in_it(post, stage):
    p, other = post("numalerts 1"), stage(group("numalerts 1"))
    p.run("1", A)
    now = p.play.clock()
    other.clock.advance(now.mono - other.clock().mono + 10)
    states = {key: p.play.book.snapshot(key) for key in p.play.book.services}
    other.book.restore(states, now.wall, other.clock())
    other.book.restore_groups(p.play.book.groups, other.clock())
    p.play = other
    p.run("1", B)
    p.wait(15)
    assert p.told == []
    p.wait(5)
    assert p.told == ["a- b-"]
    p.run("1", C)
    assert p.play.held == ["numalerts"]


EVENTS = st.lists(
    st.sampled_from(
        [
            *(f"{said} {name}" for said in ("0|", "1|x", "1|y", "ack") for name in "abc"),
            *("0| ping", "1|gw ping", "wait 5", "wait 31", "quiet", "off", "on", "restart"),
        ]
    ),
    max_size=30,
)
SETTINGS = [
    "",
    "alertevery 40s",
    "alertevery 40s strict",
    "numalerts 2",
    "reminder 1m",
    "alertevery 1m ignore_summary",
]
KEYS = {"a": A, "b": B, "c": C, "ping": PING}


def perform(p, event, fresh):
    """One event; those that are nothing now are left out."""
    word, _, rest = event.partition(" ")
    book, now = p.play.book, p.play.clock()
    if word in ("0|", "1|x", "1|y", "1|gw"):
        step = p.run(word, KEYS[rest])
        lines = [line for line in book.services[KEYS[rest]].periods[0].lines if line.kind == "alert"]
        if word != "0|":  # law 4
            assert [decision.line for decision in step.decisions] == lines
    elif word == "wait":
        p.wait(int(rest))
    elif word == "ack" and book.states[KEYS[rest]].opstatus == 0:
        p.ack(KEYS[rest])
    elif word == "quiet":
        book.silences.begin(Silence("web", "", now.wall, now.later(20), "ann", "works"))
    elif word == "off":
        book.disable_watch("db")
    elif word == "on":
        book.enable_watch("db")
    elif word == "restart":
        other = fresh()
        other.clock.advance(now.mono - other.clock().mono)
        other.book.restore({key: book.snapshot(key) for key in book.services}, now.wall, now)
        other.book.restore_groups(book.groups, now)
        p.play = other


@given(settings=st.sampled_from(SETTINGS), events=EVENTS)
def test_whatever_happens_in_windows_nothing_is_lost_and_no_end_is_told_of_what_was_not(
    post, stage, settings, events
):
    p = post(settings, c="depend net:ping")
    decided = 0
    for event in events:
        perform(p, event, lambda: stage(group(settings, c="depend net:ping")))
        ended = sum(map(len, p.messages)) + len(p.expired)
        assert {each.window for each in p.waiting} <= p.play.book.open_windows()
        decided = max(decided, ended + len(p.waiting))
    p.wait(31)
    assert p.waiting == []
    assert sum(map(len, p.messages)) + len(p.expired) == decided
    told = set()
    for message in p.messages:  # law 5, over what people saw
        told |= {(each.watch, each.service) for each in message if each.type is not AlertType.UP}
        ended = {(each.watch, each.service) for each in message if each.type is AlertType.UP}
        assert ended <= told
        last = {(each.watch, each.service): each.type for each in message}
        told -= {key for key, type_ in last.items() if type_ is AlertType.UP}
