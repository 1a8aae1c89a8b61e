"""The rules of a pool in a real kernel: who may leave, how one leaves and comes back, who has the last word.

Each test has a daemon of its own on a configuration of its own; ``stage`` shows all states of the table.
"""

import signal
import socket
import time

import pytest
from netlab import RS, VIP, in_ns
from stage import ALL, PATIENCE
from watching import Talk, wait

PAGE = "http.monitor -t 1 --status 200 -u /healthz"


def inside(table):
    return [name for name, weight in table.items() if weight and name in RS]


# Floor, suspect, fallback.


@pytest.fixture
def moved(stage):
    """Three pools of the same servers: with a floor, with none, with a fallback; and IPv6 with a floor."""
    text = stage.head() + stage.pool("web", 80, "floor 50%") + stage.pool("bare", 8080)
    text += stage.pool("spare", 81, "fallback 127.0.0.1:81") + stage.pool("web6", 80, "floor 50%", v6=True)
    text += stage.watch("farm", "web", "spare", monitor=PAGE)
    text += stage.watch("slow", "bare", monitor=PAGE, interval="10s")
    floored = f"flooralert file.alert {stage.top}/floored"
    stage.play(text + stage.watch("farm6", "web6", monitor=PAGE, lines=floored, v6=True))
    for port, v6 in ((80, False), (8080, False), (81, False), (80, True)):
        stage.until(ALL, port, v6=v6)
    return stage


def test_a_check_url_that_moves_empties_no_pool_with_a_floor_and_is_suspect_first(net, moved):
    began, client = time.monotonic(), moved.client()
    for name in RS:
        net.rs_fail(name, True, "moved")
    wait(
        lambda: moved.now(8080) == dict.fromkeys(RS, 0), 3 * PATIENCE, "the pool without a floor to be empty"
    )
    wait(lambda: moved.told("the floor keeps"), PATIENCE, "the floor to be told")
    time.sleep(1)
    for v6 in (False, True):
        states = moved.seen(80, began, v6=v6)
        assert min(len(inside(table)) for table in states) == 2
        assert len(inside(states[-1])) == 2
    # Without a floor they leave in the end, but not all by one round, and it is said why the others wait.
    # (The confirming round of the slow checks is 10 s later: a guest that looks at its table late sees it, too.)
    wait(lambda: moved.told("pool bare", "the check itself is suspect"), PATIENCE, "the suspicion to be told")
    wait(
        lambda: moved.told("pool web6", "the floor keeps", by="floored"), PATIENCE, "that of IPv6 to be told"
    )
    # With a fallback the pool is never empty either.
    table = moved.now(81)
    assert table["127.0.0.1:81"] == 1 and not inside(table)
    for name in RS:
        net.rs_fail(name, False, "moved")
    moved.until(ALL, 81)
    moved.until(ALL)
    assert [request for request in client.stop() if request[2] != 200] == []
    wait(lambda: moved.told("pool spare", "well again"), PATIENCE, "the end of it to be told")


# Leaving and coming back.


def test_a_dead_server_gets_weight_0_at_once_and_where_clients_persist_it_is_removed(net, stage):
    text = stage.head() + stage.pool("web") + stage.pool("sticky", 8080, "persistent 300")
    text += stage.pool("gone", 81) + stage.pool("sticky6", 8080, "persistent 300", v6=True)
    text += stage.watch("farm", "web", "sticky", "gone --remove")
    stage.play(text + stage.watch("farm6", "sticky6", v6=True))
    for port, v6 in ((80, False), (8080, False), (81, False), (8080, True)):
        stage.until(ALL, port, v6=v6)
    net.rs_kill("rs2")
    without = {"rs1": 10, "rs3": 10}
    stage.until({**ALL, "rs2": 0})
    stage.until(without, 8080)
    stage.until(without, 81)
    stage.until(without, 8080, v6=True)


def test_a_server_climbs_back_in_steps_also_through_a_kill_9_and_an_orderly_stop_ends_the_climb(net, stage):
    text = stage.head() + stage.pool("web", 80, "slowstart 40s") + stage.watch("farm", "web")
    stage.play(text)
    stage.until(ALL)
    assert {"rs2": 5} not in [{"rs2": table.get("rs2")} for table in stage.seen()], "nobody climbs at first"
    net.rs_kill("rs2")
    stage.until({**ALL, "rs2": 0})
    net.rs_start("rs2")
    began = wait(lambda: stage.now().get("rs2"), PATIENCE, "rs2 to be in")
    wait(lambda: stage.now()["rs2"] >= 2, PATIENCE, "a step")
    stage.end(signal.SIGKILL)
    killed_at = stage.now()["rs2"]
    stage.start()
    wait(lambda: stage.now()["rs2"] > killed_at, PATIENCE, "the climb to go on")
    climb = [table["rs2"] for table in stage.seen(80, began)]
    assert climb == sorted(climb) and len(set(climb)) >= 3 and max(climb) < 10, climb
    stage.end()
    assert stage.now() == ALL, "an orderly stop leaves whole weights"


def test_a_disabled_server_keeps_its_connections_and_goes_when_they_are_gone(net, stage):
    text = stage.head() + stage.pool("web", 80, "drain 60s") + stage.watch("farm", "web")
    stage.play(text)
    stage.until(ALL)
    talks = [Talk(VIP) for _ in range(3)]  # round robin: one on each
    said = stage.word("web", "disable", "rs2", why="new kernel")
    assert said
    stage.until({**ALL, "rs2": 0})
    time.sleep(2.2)  # two looks at the connections
    assert stage.now() == {**ALL, "rs2": 0}
    for talk in talks:
        talk.end()
    stage.until({"rs1": 10, "rs3": 10})
    stage.word("web", "enable", "rs2")
    stage.until(ALL)


def test_a_drain_waits_for_persistence_templates(net, stage):
    stage.by_hand("--set", "0", "0", "1")  # a UDP conversation is forgotten after a second
    text = stage.head() + stage.pool("names", 5353, "persistent 3", "drain 60s", udp=True)
    stage.play(text + stage.watch("farm", "names", monitor="fping.monitor -t 500 -r 1"))
    stage.until(ALL, 5353)
    client = in_ns("client", socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(2):
        client.sendto(b"?", (VIP, 5353))
    client.close()
    chosen = wait_for_template(stage)
    asked = time.monotonic()
    stage.word("names", "disable", chosen)
    stage.until({**ALL, chosen: 0}, 5353)
    gone = stage.until({name: 10 for name in RS if name != chosen}, 5353)
    assert gone - asked > 1, "it was removed while a persistent client was known"


def wait_for_template(stage):
    """The name of the server that has the client."""
    found = []

    def look():
        servers = stage.view("names")["servers"]
        found[:] = [each["name"] for each in servers if each["active"] or each["inactive"]]
        return found

    wait(look, PATIENCE, "the conversation to be seen")
    return next(name for name, address in stage.net.rs.items() if found[0] in (name, address))


# The operator.


def test_an_operators_words_outlive_reload_kill_9_and_restart_and_no_check_undoes_them(net, stage):
    text = stage.head() + stage.pool("web") + stage.watch("farm", "web")
    stage.play(text)
    stage.until(ALL)
    stage.word("web", "disable", "rs1", why="new kernel")
    stage.word("web", "weight", "rs2", weight=5)
    said = {**ALL, "rs1": 0, "rs2": 5}
    since = stage.until(said) + 0.1
    stage.reload(text.replace("interval 300ms", "interval 400ms"))
    stage.end(signal.SIGKILL)
    stage.start()
    time.sleep(0.6)
    stage.end()
    stage.start()
    net.rs_kill("rs1")
    time.sleep(1)
    net.rs_start("rs1")
    time.sleep(1)
    assert stage.seen(80, since) == [said]
    words = {each["server"].rpartition(":")[0]: each for each in stage.ask("pool-words")}
    assert words[net.rs["rs1"]]["why"] == "new kernel" and words[net.rs["rs1"]]["who"] == "root"
    stage.word("web", "enable", "rs1")
    stage.until({**ALL, "rs2": 5})
    stage.word("web", "disable", "rs3", seconds=2)
    stage.until({"rs1": 10, "rs2": 5, "rs3": 0})
    stage.until({"rs1": 10, "rs2": 5, "rs3": 10})  # it returns by itself


def test_a_word_that_would_break_the_floor_is_refused(stage):
    stage.play(stage.head() + stage.pool("web", 80, "floor 2") + stage.watch("farm", "web"))
    stage.until(ALL)
    stage.word("web", "disable", "rs1")
    since = stage.until({**ALL, "rs1": 0})
    with pytest.raises(Exception, match="floor"):
        stage.word("web", "disable", "rs2")
    time.sleep(0.5)
    assert stage.seen(80, since) == [{**ALL, "rs1": 0}]
