"""A real kernel's table kept as the pool wants it: applied, read back, defended, and left at the end.

Each test has a daemon of its own on a configuration of its own; ``stage`` shows all states of the table.
"""

import signal
import time

import pytest
from netlab import RS, VIP, endpoint
from stage import ALL, PATIENCE, TOP
from watching import Talk, wait

# Applied and read back.

DEAF = f"""\
#!/bin/sh
# The kernel's table by ipvsadm; while the file is there, changes are taken and not made.
[ -e {TOP}/deaf ] && [ "$1" != -Ln ] && exit 0
exec ipvsadm "$@"
"""


def test_a_change_without_effect_is_an_error_with_a_name_tried_again_and_told_once(net, stage):
    program = stage.top / "ipvsadm"
    program.write_text(DEAF)
    program.chmod(0o755)
    text = stage.head("60s") + stage.pool("web", balancer=f"ipvsadm {program}")
    stage.play(text + stage.watch("farm", "web"))
    stage.until(ALL)
    (stage.top / "deaf").touch()
    net.rs_kill("rs2")
    method = "masq" if net.mode == "nat" else "gate"
    wrong = f"has weight 10 {method}, not weight 0 {method}"
    wait(lambda: stage.told(wrong), PATIENCE, "the mismatch to be told")
    assert wrong in stage.view("web")["trouble"]
    time.sleep(1.2)  # the first further try
    (stage.top / "deaf").unlink()
    stage.until({**ALL, "rs2": 0})  # by a further try: nothing else wakes the keeper
    wait(lambda: stage.told("well again"), PATIENCE, "the end of it to be told")
    assert len(stage.told(wrong)) == 1
    assert not stage.view("web")["trouble"]


MOMENTS = {"nat": (1, 4, 7), "dr": (2, 5, 8)}
"""Which moments of a reload are tried in which guest: before or after a read, a change, or a save."""


def test_a_kill_9_between_any_two_steps_is_put_right_by_the_next_start(net, stage):
    fuse = stage.top / "fuse"
    watch = stage.watch("farm", "web")
    before = stage.head("60s") + stage.pool("web", 80, "drain 30s", names=("rs1", "rs2")) + watch
    after = stage.head("60s") + stage.pool("web", 80, "drain 30s", names=("rs2", "rs3"), weight=20) + watch
    wanted = [{"rs1": 10, "rs2": 10}, {"rs2": 20, "rs3": 20}]
    stage.play(before, fuse=fuse)
    stage.until(wanted[0])
    since = time.monotonic()
    for count, moment in enumerate(MOMENTS[net.mode], 1):
        names = set(stage.now())  # whose they are is on disk a second after they came
        wait(lambda names=names: stage.owned("web") >= names, PATIENCE, "it to be saved")
        fuse.write_text(str(moment))
        stage.write((before, after)[count % 2])
        stage.try_to("reload")
        stage.gone()
        fuse.unlink()
        stage.start(fuse=fuse)
        stage.until(wanted[count % 2])
    # Whoever is of both configurations was in all the time; nobody stayed who is of none.
    assert {table.get("rs2", 0) for table in stage.seen(80, since)} == {10, 20}


# Another hand.


@pytest.fixture
def drifting(stage):
    """The same pool guarded, repaired and only reported on; and somebody else's service and server."""
    text = stage.head("300ms") + stage.pool("guarded") + stage.pool("repaired", 8080, "drift repair")
    text += stage.pool("reported", 81, "drift report") + stage.pool("guarded6", 80, v6=True)
    text += stage.watch("farm", "guarded", "repaired", "reported") + stage.watch("farm6", "guarded6", v6=True)
    stage.play(text)
    for port, v6 in ((80, False), (8080, False), (81, False), (80, True)):
        stage.until(ALL, port, v6=v6)
    return stage


def change(stage, name, port, *words, v6=False):
    """Edit a server by hand, or with ``-d`` delete it."""
    verb = "-d" if "-d" in words else "-e"
    method = ["-m" if stage.net.mode == "nat" else "-g"] if verb == "-e" else []
    there = ["-t", stage.virtual(port, v6=v6), "-r", stage.real(name, port, v6=v6)]
    stage.by_hand(verb, *there, *method, *(word for word in words if word != "-d"))


def test_a_weight_set_to_0_by_hand_is_reported_and_not_repaired_unless_drift_says_so(drifting):
    for port in (80, 8080, 81):
        change(drifting, "rs1", port, "-w", "0")
    change(drifting, "rs1", 80, "-w", "0", v6=True)
    drifting.until(ALL, 8080)
    for pool in ("guarded", "guarded6"):
        wait(lambda pool=pool: drifting.told(f"pool {pool}:", "`mon pool"), PATIENCE, "it to be told")
    wait(lambda: drifting.logged("reported", "drift report"), PATIENCE, "it to be logged")
    time.sleep(0.7)
    out = {**ALL, "rs1": 0}
    assert (drifting.now(), drifting.now(81), drifting.now(80, v6=True)) == (out, out, out)
    drifting.word("guarded", "enable", "rs1")
    drifting.until(ALL)


def test_a_server_removed_by_hand_is_reported_and_a_down_one_made_up_is_put_back(net, drifting):
    for port in (80, 8080, 81):
        change(drifting, "rs1", port, "-d")
    drifting.until(ALL, 8080)
    without = {"rs2": 10, "rs3": 10}
    time.sleep(0.7)
    assert (drifting.now(), drifting.now(81)) == (without, without)
    net.rs_fail("rs3", True)
    for port, rest in ((80, without), (8080, ALL)):
        drifting.until({**rest, "rs3": 0}, port)
        change(drifting, "rs3", port, "-w", "10")
        drifting.until({**rest, "rs3": 0}, port)


def test_a_flushed_table_comes_back_and_what_others_installed_is_never_touched(drifting):
    change(drifting, "rs2", 80, "-w", "10")  # no change at all
    drifting.by_hand("-A", "-t", endpoint(VIP, 7000), "-s", "wlc")
    drifting.by_hand("-a", "-t", endpoint(VIP, 7000), "-r", "192.168.9.9:7000", "-m", "-w", "3")
    drifting.by_hand("-a", "-t", drifting.virtual(), "-r", "192.168.9.9:80", "-m", "-w", "7")
    change(drifting, "rs1", 8080, "-w", "3")
    drifting.until(ALL, 8080)
    drifting.word("guarded", "weight", "rs1", weight=4)
    drifting.until({**ALL, "rs1": 4, "192.168.9.9:80": 7})
    assert drifting.sampler.now[endpoint(VIP, 7000)] == {"192.168.9.9:7000": 3}
    drifting.by_hand("-C")
    drifting.until({**ALL, "rs1": 4})
    drifting.until(ALL, 8080)
    drifting.until(ALL, 80, v6=True)
    time.sleep(0.7)
    assert drifting.now(81) == {}, "`drift report` puts nothing back"
    assert endpoint(VIP, 7000) not in drifting.sampler.now, "what was not ours is not ours to put back"


def test_after_three_repairs_in_a_minute_it_gives_up_and_says_that_somebody_else_manages_it(drifting):
    def repairs():
        return len(drifting.logged("pool repaired", "weight 3 -> 10"))

    before = repairs()
    for number in range(3):  # (a change may be gone before anybody has looked at the table)
        change(drifting, "rs1", 8080, "-w", "3")
        wait(lambda most=before + number: repairs() > most, PATIENCE, "the repair")
        drifting.until(ALL, 8080)
    change(drifting, "rs1", 8080, "-w", "3")
    wait(lambda: drifting.told("pool repaired", "somebody else"), PATIENCE, "it to be told")
    time.sleep(0.7)
    assert drifting.now(8080) == {**ALL, "rs1": 3}
    drifting.word("repaired", "enable", "rs1")
    drifting.until(ALL, 8080)


# Start, reload, end.


def test_an_empty_table_waits_for_the_first_round_and_not_for_ever(net, stage):
    text = stage.head() + stage.pool("web", 80, "floor 2") + stage.pool("spare", 81, "fallback 127.0.0.1:81")
    text += stage.watch("farm", "web", "spare", monitor="http.monitor -t 2")
    for name in RS:
        net.rs_signal(name, signal.SIGSTOP)
    began = time.monotonic()
    stage.play(text)
    net.rs_signal("rs1", signal.SIGCONT)
    # Who is found well joins at once; the floor comes when everybody had his time.
    wait(lambda: stage.now().get("rs1") == 10, PATIENCE, "rs1 to join")
    held = wait(
        lambda: len([w for w in stage.now().values() if w]) == 2, PATIENCE, "the floor to hold another"
    )
    assert held - began > 2
    for name in ("rs2", "rs3"):
        net.rs_signal(name, signal.SIGCONT)
    stage.until(ALL)
    stage.until(ALL, 81)
    assert not any("127.0.0.1:81" in table for table in stage.seen(81, began)), (
        "the fallback was in too early"
    )


def test_a_restart_moves_no_weight_whether_orderly_or_by_kill_9(net, stage):
    stage.play(stage.head() + stage.pool("web") + stage.pool("web6", v6=True) + watches(stage))
    stage.until(ALL, v6=True)
    stage.word("web", "weight", "rs1", weight=4)
    net.rs_fail("rs3", True)
    stage.until({**ALL, "rs3": 0}, v6=True)
    well = {"rs1": 4, "rs2": 10, "rs3": 0}
    since = stage.until(well)
    client = stage.client()
    for number in (signal.SIGTERM, signal.SIGKILL):
        stage.end(number)
        stage.start()
        time.sleep(1.2)  # some rounds
    assert stage.seen(80, since + 0.1) == [well]
    assert stage.seen(80, since + 0.1, v6=True) == [{**ALL, "rs3": 0}]
    assert [request for request in client.stop() if request[2] != 200] == []


def watches(stage):
    return stage.watch("farm", "web") + stage.watch("farm6", "web6", v6=True)


def test_a_server_gone_from_mon_cf_finishes_its_connections(net, stage):
    watch = stage.watch("farm", "web")
    stage.play(stage.head() + stage.pool("web", 80, "drain 60s") + watch)
    stage.until(ALL)
    talks = [Talk(VIP) for _ in range(3)]
    stage.reload(stage.head() + stage.pool("web", 80, "drain 60s", names=("rs1", "rs3")) + watch)
    stage.until({**ALL, "rs2": 0})
    wait(lambda: stage.kept("web")["drains"], PATIENCE, "the drain to be saved")
    stage.end(signal.SIGKILL)
    stage.start()
    assert stage.now() == {**ALL, "rs2": 0}
    for talk in talks:
        talk.end()
    stage.until({"rs1": 10, "rs3": 10})


def test_an_orderly_stop_takes_away_what_cleanstop_says_and_nothing_else(stage):
    text = stage.head() + stage.pool("web") + stage.pool("clean", 8080, "cleanstop yes")
    stage.play(text + stage.watch("farm", "web", "clean"))
    stage.until(ALL)
    stage.until(ALL, 8080)
    stage.end()
    wait(lambda: stage.virtual(8080) not in stage.sampler.now, PATIENCE, "the service to be gone")
    assert stage.now() == ALL


def test_a_passive_mon_changes_nothing_and_says_what_it_would(net, stage):
    net.service("lb1")
    since = stage.until(dict.fromkeys(RS, 1)) + 0.05
    stage.play(stage.head() + stage.pool("web", weight=1) + stage.watch("farm", "web"), "--passive")
    net.rs_kill("rs2")
    wait(lambda: stage.logged("pool web: would", "weight 0"), PATIENCE, "it to be said")
    time.sleep(0.7)
    assert stage.seen(80, since) == [dict.fromkeys(RS, 1)]
    assert stage.view("web")["servers"][1]["wanted"] == 0
    assert stage.told() == [], "a passive mon sends nothing"
