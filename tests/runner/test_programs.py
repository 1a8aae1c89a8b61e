"""Programs that our own monitors run."""

import asyncio

from mon.runner.programs import Programs


async def test_status_and_output(spawner, program):
    ran = await Programs(spawner, 2)([str(program('echo "said $1"; exit 3')), "a b"], timeout=5)
    assert (ran.status, ran.output, ran.trouble) == (3, "said a b\n", "")


async def test_stderr_is_apart_and_each_is_bounded(spawner, program):
    flood = "head -c 3000000 /dev/zero | tr '\\0' x"
    ran = await Programs(spawner, 2)([str(program(f"echo warning >&2; echo fine; {flood} >&2"))], timeout=30)
    assert (ran.output, ran.errors[:9]) == ("fine\n", "warning\nx")
    assert ran.errors.endswith("bytes more of output were dropped)")


async def test_what_is_no_answer_of_its_own_is_trouble(spawner, program):
    run = Programs(spawner, 2)
    assert (await run(["/no/such/program"], timeout=5)).trouble.startswith("could not be started")
    assert (await run([str(program("sleep 60"))], timeout=0.2)).trouble == "stopped after 0.2 s"
    assert (await run([str(program("kill -9 $$"))], timeout=5)).trouble == "ended by signal 9 (SIGKILL)"


async def test_only_so_many_run_at_once(spawner, program, tmp_path):
    path = program(f"mkdir {tmp_path}/lock || exit 1; sleep 0.05; rmdir {tmp_path}/lock")
    run = Programs(spawner, 1)
    assert {
        ran.status for ran in await asyncio.gather(*(run([str(path)], timeout=10) for _ in range(5)))
    } == {0}


async def test_a_check_that_is_over_ends_its_program(spawner, program, until, alive, tmp_path):
    path = program(f"echo $$ > {tmp_path}/pid; sleep 60")
    task = asyncio.create_task(Programs(spawner, 1)([str(path)], timeout=30))
    assert await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    task.cancel()
    pid = int((tmp_path / "pid").read_text())
    assert await until(lambda: not alive(pid))
