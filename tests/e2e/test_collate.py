"""One message for many services, told by real mail, through crashes and with two thousand of them."""

from collections.abc import Callable
from pathlib import Path

from real_things import Daemon, Postbox, until

Start = Callable[..., Daemon]
Program = Callable[[str, str], object]

CONFIG = """\
alertgroup team
    collate {window}
    alert mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
    upalert mail.alert --smtp-host 127.0.0.1 --port {smtp} --from mon@test.invalid ops@test.invalid
    alertevery 1h

hostgroup web web1

hostgroup db db1

watch web
{web}

watch db
{db}
"""
SERVICE = """\
    service {name}
        interval {interval}
        monitor state.monitor
{more}        period
            collate team
"""
STATE = """\
#!/bin/sh
# The hosts that the file named by the service holds are down.
said=$(cat "$0.$MON_SERVICE" 2>/dev/null)  # once: it may be emptied between two looks
[ "$said" ] || exit 0
echo "$said"
exit 1
"""


def config(
    postbox: Postbox, web: int = 2, interval: str = "200ms", more: str = "", window: str = "6s"
) -> str:
    def services(names: list[str], more: str) -> str:
        return "".join(SERVICE.format(name=name, interval=interval, more=more) for name in names)

    names = [f"web{n}" for n in range(web)]
    return CONFIG.format(
        window=window, smtp=postbox.port, web=services(names, more), db=services(["sql"], "")
    )


class Hosts:
    """What ``state.monitor`` says."""

    def __init__(self, program: Program) -> None:
        self._path = program("state.monitor", STATE)

    def down(self, service: str, said: str) -> None:
        with open(f"{self._path}.{service}", "w") as file:
            file.write(f"{said}\n")

    def up(self, service: str) -> None:
        open(f"{self._path}.{service}", "w").close()


def test_three_services_that_fail_are_one_mail_and_their_recoveries_another(
    start: Start, postbox: Postbox, program: Program
) -> None:
    hosts = Hosts(program)
    daemon = start(config(postbox))
    daemon.wait_for("transition", service="sql", new="ok")
    for service, host in (("web0", "web1"), ("web1", "web1"), ("sql", "db1")):
        hosts.down(service, host)
    subject, text = postbox.mail("DOWN 3 services")
    assert "web/web0" in subject and len(subject) < 80
    assert "db1" in text
    for service in ("web0", "web1", "sql"):
        hosts.up(service)
    postbox.mail("UP 3 services")
    assert len(postbox.mails) == 2
    assert "3 alerts of group team in one message" in daemon.ask("why", "db", "sql").stdout


def test_a_kill_in_the_window_loses_nothing_and_an_acknowledgement_in_it_is_obeyed(
    start: Start, postbox: Postbox, program: Program
) -> None:
    hosts = Hosts(program)
    daemon = start(config(postbox, window="15s"))
    daemon.wait_for("transition", service="sql", new="ok")
    for service, host in (("web0", "web1"), ("web1", "web1"), ("sql", "db1")):
        hosts.down(service, host)
        daemon.wait_for("transition", service=service, new="fail")
    waiting = daemon.ask("alerts").stdout
    assert "collecting for group team until" in waiting and "3 waiting" in waiting
    assert "collecting for group team until" in daemon.ask("why", "web", "web0").stdout
    daemon.ask("ack", "web", "web0", "mine")
    daemon.kill()
    assert not postbox.mails
    daemon = start()
    subject, _ = postbox.mail("DOWN 2 services")
    assert "web/web1 db/sql" in subject
    assert "mine, before it was told" in daemon.ask("alerts", "expired").stdout
    for service in ("web0", "web1", "sql"):
        hosts.up(service)
    assert "web0" not in postbox.mail("UP 2 services")[1]


def test_a_parent_that_fails_after_its_children_is_told_with_them_behind_it(
    start: Start, postbox: Postbox, program: Program
) -> None:
    hosts = Hosts(program)
    daemon = start(config(postbox, web=3, more="        depend db:sql\n"))
    daemon.wait_for("transition", service="sql", new="ok")
    for service in ("web0", "web1"):
        hosts.down(service, "web1")
        daemon.wait_for("transition", service=service, new="fail")
    hosts.down("sql", "db1")
    subject, text = postbox.mail("DOWN db/sql")
    assert subject == "DOWN db/sql: db1 (1 of 1), 3 held because of it"
    assert "web/web0 (fails since" in text and "web/web2\n" in text.replace("\r", "")
    assert "because of db/sql, before it was told" in daemon.ask("why", "web", "web0").stdout
    hosts.down("web2", "web1")
    daemon.wait_for("transition", service="web2", new="fail")
    assert "fails because of db/sql (rule: dependency)" in daemon.ask("why", "web", "web2").stdout
    assert len(postbox.mails) == 1


MAIL = """\
#!/bin/sh
# As Debian's mail.alert reads it: the first line is the summary, the rest the detail.
read -r summary
{ echo "$MON_COLLATED|$*|$summary"; cat; echo .; } >> "$0.told"
"""


def test_a_program_that_tells_people_is_called_once_and_one_that_does_something_at_once(
    start: Start, postbox: Postbox, program: Program, tmp_path: Path
) -> None:
    hosts = Hosts(program)
    program("mail.alert", MAIL)
    program("act.alert", '#!/bin/sh\necho "$MON_SERVICE" >> "$0.done"\n')
    told, done = tmp_path / "mail.alert.told", tmp_path / "act.alert.done"
    text = config(postbox).replace("--smtp-host 127.0.0.1", "")
    text = text.replace("    alertevery", "    alert act.alert\n    alertevery")
    daemon = start(text.replace(f"--port {postbox.port} --from mon@test.invalid ", ""))
    daemon.wait_for("transition", service="sql", new="ok")
    for service, host in (("web0", "web1"), ("sql", "db1")):
        hosts.down(service, host)
        daemon.wait_for("transition", service=service, new="fail")
    until(lambda: done.exists() and done.read_text() == "web0\nsql\n", "the action")
    assert not told.exists()
    until(lambda: told.exists() and told.read_text().endswith(".\n"), "the program")
    first, *rest = told.read_text().splitlines()
    count, words, summary = first.split("|")
    assert (count, summary) == ("2", "2 services fail: web/web0 db/sql")
    assert words.startswith("-s 2-services -g team -h web1 db1 -t ") and words.endswith(" ops@test.invalid")
    assert rest == ["", "web/web0: failure: web1", "db/sql: failure: db1", "."]
