"""One message for many services, told by real mail, through crashes and with two thousand of them."""

from collections.abc import Callable

from real_things import Daemon, Postbox, until

Start = Callable[..., Daemon]
Program = Callable[[str, str], object]

CONFIG = """\
alertgroup team
    collate 2s
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
[ -s "$0.$MON_SERVICE" ] || exit 0
cat "$0.$MON_SERVICE"
exit 1
"""


def config(postbox: Postbox, web: int = 2, interval: str = "200ms", more: str = "") -> str:
    def services(names: list[str], more: str) -> str:
        return "".join(SERVICE.format(name=name, interval=interval, more=more) for name in names)

    names = [f"web{n}" for n in range(web)]
    return CONFIG.format(smtp=postbox.port, web=services(names, more), db=services(["sql"], ""))


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
    assert "team" in daemon.ask("why", "db", "sql", "--at", "3s").stdout + daemon.ask("alerts", "sent").stdout
