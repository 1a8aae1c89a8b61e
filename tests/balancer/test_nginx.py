"""nginx itself: what it is told, what it refuses, and that it keeps what it had."""

import http.client
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mon.balancer.nginx import Nginx
from mon.errors import BalancerRefused, BalancerUnreachable
from mon.model.pool import Change, ServerEntry, ServerId, ServiceEntry, Table, Verb, VirtualId
from mon.pool.changes import Owned, changes

WEB = VirtualId("tcp", "192.0.2.10", 80)
ONE, TWO = ServerId("192.0.2.1", 80), ServerId("192.0.2.2", 8080)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mon/web.conf"


@pytest.fixture
def web(nginx: tuple[str, ...], file: Path) -> Nginx:
    return Nginx(file, "web", nginx)


def table(*servers: ServerEntry, scheduler: str = "rr", **more: int) -> Table:
    return Table(ServiceEntry(WEB, scheduler, **more), servers)


def put(web: Nginx, wanted: Table) -> Table:
    now = web.read([WEB])[WEB]
    web.apply(changes(wanted, now, owned=Owned(True, frozenset(one.id for one in now.servers))))
    return web.read([WEB])[WEB]


def block(file: Path) -> list[str]:
    """The block without its head."""
    return [line.strip() for line in file.read_text().splitlines()[1:] if line.strip()]


def test_the_block_is_what_nginx_calls_an_upstream(web: Nginx, file: Path) -> None:
    put(web, table(ServerEntry(ONE, 10), ServerEntry(TWO, 0, upper=50)))
    assert block(file) == [
        "upstream web {",
        "zone web 256k;",
        "server 192.0.2.1:80 weight=10 max_fails=0;",
        "server 192.0.2.2:8080 weight=1 max_conns=50 down max_fails=0;",
        "}",
    ]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (table(scheduler="wlc"), "least_conn;"),
        (table(scheduler="sh"), "hash $remote_addr consistent;"),
        (table(persistent=300), "ip_hash;"),
        (table(), "server unix:/nobody down;  # nginx refuses an empty block"),
    ],
)
def test_schedulers_and_persistence_have_their_words(
    web: Nginx, file: Path, wanted: Table, line: str
) -> None:
    assert put(web, wanted) == wanted
    assert line in block(file)


def test_a_template_of_the_operator_is_used(web: Nginx, file: Path) -> None:
    server = "\nserver {{ one.address }} weight={{ one.weight }};\n"
    own = f"upstream {{{{ name }}}} {{ keepalive 8; {{% for one in servers %}}{server}{{% endfor %}} }}"
    file.with_name("upstream.conf.j2").write_text(own)
    assert put(web, table(ServerEntry(ONE, 10))) == table(ServerEntry(ONE, 10))
    assert "keepalive 8;" in file.read_text()


def test_what_nginx_refuses_is_taken_back_with_its_words(web: Nginx, file: Path) -> None:
    before = put(web, table(ServerEntry(ONE, 10)))
    text = file.read_text()
    file.with_name("upstream.conf.j2").write_text("upstream {{ name }} { nonsense; }")
    with pytest.raises(BalancerRefused, match=r'unknown directive "nonsense" in .*web\.conf'):
        put(web, table(ServerEntry(ONE, 0)))
    assert file.read_text() == text
    assert web.read([WEB])[WEB] == before


def test_a_broken_template_is_named_and_changes_nothing(web: Nginx, file: Path) -> None:
    put(web, table(ServerEntry(ONE, 10)))
    text = file.read_text()
    file.with_name("upstream.conf.j2").write_text("{{ nobody }}")
    with pytest.raises(BalancerRefused, match=r"upstream\.conf\.j2 line 1: 'nobody' is undefined"):
        put(web, table(ServerEntry(ONE, 0)))
    assert file.read_text() == text


def test_an_nginx_that_does_not_run_takes_nothing(tmp_path: Path, nginx: tuple[str, ...], file: Path) -> None:
    web = Nginx(file, "web", nginx)
    put(web, table(ServerEntry(ONE, 10)))
    text, number = file.read_text(), (tmp_path / "pid").read_text()
    (tmp_path / "pid").write_text("")
    with pytest.raises(BalancerUnreachable, match=r"-s reload: .*invalid PID"):
        put(web, table(ServerEntry(ONE, 0)))
    assert file.read_text() == text
    (tmp_path / "pid").write_text(number)
    assert put(web, table(ServerEntry(ONE, 0))) == table(ServerEntry(ONE, 0))


def test_after_a_death_before_the_reload_the_file_of_before_is_back(web: Nginx, file: Path) -> None:
    put(web, table(ServerEntry(ONE, 10)))
    file.with_name("web.conf.mon-before").write_text(file.read_text())
    file.write_text(file.read_text().replace("weight=10", "weight=3"))
    again = Nginx(file, "web", web._command)
    assert again.read([WEB])[WEB] == table(ServerEntry(ONE, 10))
    assert not file.with_name("web.conf.mon-before").exists()


def test_edits_by_hand_are_read(web: Nginx, file: Path) -> None:
    put(web, table(ServerEntry(ONE, 10), ServerEntry(TWO, 5)))
    file.write_text(file.read_text().replace("weight=10", "weight=3").replace("weight=5", "weight=5 down"))
    assert web.read([WEB])[WEB].servers == (ServerEntry(ONE, 3), ServerEntry(TWO, 0))


def test_a_file_of_somebody_else_is_read_too(web: Nginx, file: Path) -> None:
    file.write_text(
        "upstream web {\n  server 192.0.2.1:80;\n  # server 192.0.2.9:80;\n server [2001:db8::1]:81 down;\n}"
    )
    assert web.read([WEB])[WEB] == Table(
        ServiceEntry(WEB, ""), (ServerEntry(ONE, 1), ServerEntry(ServerId("2001:db8::1", 81), 0))
    )


def test_all_changes_of_a_batch_but_the_refused_are_one_file(web: Nginx) -> None:
    put(web, table(ServerEntry(ONE, 10)))
    service = ServiceEntry(WEB, "rr")
    edits = [Change(Verb.ADD_SERVER, service, ServerEntry(one, 2)) for one in (ONE, TWO)]
    with pytest.raises(BalancerRefused, match=r"add server 192\.0\.2\.1:80 .*already there"):
        web.apply(edits)
    assert web.read([WEB])[WEB] == table(ServerEntry(ONE, 10), ServerEntry(TWO, 2))


Until = Callable[[Callable[[], object], str], None]


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.server.server_port).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def pages() -> Iterator[tuple[ServerId, ServerId]]:
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    yield (ServerId("127.0.0.1", servers[0].server_port), ServerId("127.0.0.1", servers[1].server_port))
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


def _get(path: Path) -> str:
    connection = http.client.HTTPConnection("x")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", "/")
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def test_clients_go_where_the_pool_says(
    web: Nginx, tmp_path: Path, pages: tuple[ServerId, ServerId], until: Until
) -> None:
    both = table(ServerEntry(pages[0], 1), ServerEntry(pages[1], 1))
    put(web, both)
    conf = f"server {{ listen unix:{tmp_path}/front; location / {{ proxy_pass http://web; }} }}"
    (tmp_path / "mon/front.conf").write_text(conf)
    put(web, table(ServerEntry(pages[0], 1), ServerEntry(pages[1], 0)))

    def answers() -> set[str]:
        return {_get(tmp_path / "front") for _ in range(6)} if (tmp_path / "front").exists() else set()

    until(lambda: answers() == {str(pages[0].port)}, "the first")
    put(web, both)
    until(lambda: len(answers()) == 2, "both")
