"""Three hundred targets at once, each judged right."""

import asyncio

from mon.plugin import Cause, Down

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nstill alive"
WRONG = b"HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n"


async def test_right_wrong_hanging_and_refusing_servers_in_one_loop(load, probe, start, page, refusing):
    http = load("http")
    ports = {
        "ok": await start(page(OK)),
        "wrong answer": await start(page(WRONG)),
        "timeout": await start(page(b"", then=60)),
        "refused": refusing,
    }
    targets = [(wanted, f"127.0.0.{1 + i % 250}") for i in range(75) for wanted in ports]
    targets = [(wanted, "127.0.0.1" if wanted != "refused" else host) for wanted, host in targets]

    async def judged(wanted, host):
        try:
            await http.check(host, port=ports[wanted], timeout=3, match="alive", status="200", probe=probe)
        except Down as finding:
            return str(finding.cause or Cause.NONE)
        return "ok"

    loop = asyncio.get_running_loop()
    begun = loop.time()
    found = await asyncio.gather(*(judged(*target) for target in targets))
    assert found == [wanted for wanted, _ in targets]
    assert loop.time() - begun < 10
