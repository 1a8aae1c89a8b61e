#!/usr/bin/env python3
"""Steady open-loop HTTP load.  client.py OUTFILE RATE URL-HOST [TIMEOUT]; ends on SIGTERM.
Line per request: start end status body   (monotonic seconds; status 0 = error or time-out)"""

import asyncio
import gc
import signal
import sys
import time

out, rate, host = open(sys.argv[1], "w"), float(sys.argv[2]), sys.argv[3]
tmo = float(sys.argv[4]) if len(sys.argv) > 4 else 2.0
req = f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()


async def one():
    a, st, body, w = time.monotonic(), 0, "", None
    try:
        async with asyncio.timeout(tmo):
            r, w = await asyncio.open_connection(host, 80)
            w.write(req)
            d = await r.read()
            st = int(d[9:12])
            body = d.rsplit(b"\n\n", 1)[-1].rsplit(b"\r\n", 1)[-1].decode().strip()
    except (TimeoutError, OSError, ValueError) as e:
        body = type(e).__name__
    finally:
        if w:
            w.close()
    out.write(f"{a:.4f} {time.monotonic():.4f} {st} {body}\n")


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    t0, i, tasks = time.monotonic(), 0, set()
    while not stop.is_set():
        t = asyncio.create_task(one())
        tasks.add(t)
        t.add_done_callback(tasks.discard)
        i += 1
        d = t0 + i / rate - time.monotonic()
        if d > 0:
            await asyncio.sleep(d)
    if tasks:
        await asyncio.wait(tasks, timeout=tmo)
    out.close()


gc.freeze()
asyncio.run(main())
