#!/usr/bin/env python3
"""Boot a User-Mode-Linux guest with real IPVS and run a command in it.

  lab.py run [-t SECONDS] [-m MEM] [-o OUTDIR] [-e K=V]... [-C DIR] -- CMD [ARG...]
  lab.py shell            an interactive shell in the guest
  lab.py check            exit 0 when this machine can run the lab

The guest's root is the host's root, read-only, under an overlay in guest memory:
whatever the guest writes is gone when it halts, except under /out (= OUTDIR).
Exit status is CMD's; 124 = time-out, 125 = the guest died without a status.
"""

import argparse
import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LAB = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(LAB))


def why_not():
    """Why the lab cannot run on this machine, None if it can."""
    if not shutil.which("linux.uml"):
        return "linux.uml not installed (apt-get install user-mode-linux)"
    if not os.path.isdir("/usr/lib/uml/modules"):
        return "no /usr/lib/uml/modules"
    for program, package in (
        ("ipvsadm", "ipvsadm"),
        ("nginx", "nginx-light"),
        ("curl", "curl"),
        ("ip", "iproute2"),
    ):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"{program} not installed (apt-get install {package})"
    return None


def memory_dir(mem):
    """Where the guest's memory file lies: /dev/shm if it has the room (a container's may be tiny)."""
    wanted = int(mem.rstrip("M")) << 20
    free = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
    return "/dev/shm" if free and free.f_bavail * free.f_frsize > wanted else tempfile.gettempdir()


def kernel_command(mem, out, run_dir, shell, serial, disk):
    """The words that start the guest; ``serial`` are the four ends of a null-modem cable, ttyS0 to ttyS1.

    ``disk`` is a file that the guest has as /dev/ubda.
    """
    r0, w0, r1, w1 = serial
    console = ["con0=fd:0,fd:1" if shell else "con0=null,fd:1", "con=null"]
    cable = [f"ssl0=fd:{r0},fd:{w0}", f"ssl1=fd:{r1},fd:{w1}", "ssl=null"]
    root = ["rootfstype=hostfs", "rootflags=/", "ro", f"init={LAB}/init.sh"]
    names = [f"uml_dir={run_dir}/", "umid=lab", f"LAB_OUT={out}", f"LAB_DIR={LAB}", f"LAB_TOP={TOP}"]
    root += [f"ubd0={disk}"] if disk else []
    return ["linux.uml", f"mem={mem}", *root, *console, *cable, "quiet", "loglevel=1", "panic=-1", *names]


def write_command(out, cmd, env, cwd):
    """What the guest runs, as a file that it finds in /out."""
    for name in (".rc", ".booted"):
        pathlib.Path(out, name).unlink(missing_ok=True)
    exports = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in (env or {}).items())
    pathlib.Path(out, ".cmd").write_text(f"{exports}cd {shlex.quote(cwd)} && exec {shlex.join(cmd)}\n")


def wait(p, timeout, shell, cut):
    """Wait for the guest, or end it (the tracer: its ptraced children die with it).

    None, or 124 on a time-out, 137 after a power cut: that is when ``cut()`` is true.
    """
    end = time.monotonic() + timeout
    try:
        while cut is not None and not cut():
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(0.01)
                return None
            if time.monotonic() > end:
                return 124
        if cut is not None:
            return 137
        p.wait(timeout)
        return None
    except subprocess.TimeoutExpired:
        return 124
    finally:
        if shell:
            p.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
        p.wait()


def number(path, kind):
    """The number in a file the guest wrote, None if it did not."""
    try:
        return kind(pathlib.Path(path).read_text())
    except (OSError, ValueError):
        return None


def run(
    cmd,
    timeout=120,
    mem="512M",
    out=None,
    env=None,
    cwd="/",
    stdout=None,
    shell=False,
    disk=None,
    cut=None,
):
    """-> (rc, out_dir).  cmd: list of words.  stdout: file object/fd for console, default ours.

    disk: a file, the guest's /dev/ubda.  cut: asked all the while; true: the power fails (rc 137).
    """
    out = os.path.abspath(out or tempfile.mkdtemp(prefix="lab-out-"))
    os.makedirs(out, exist_ok=True)
    write_command(out, cmd, env, cwd)
    run_dir = tempfile.mkdtemp(prefix="lab-uml-")
    r0, w1 = os.pipe()
    r1, w0 = os.pipe()
    serial = (r0, w0, r1, w1)
    started = time.time()
    p = subprocess.Popen(
        kernel_command(mem, out, run_dir, shell, serial, disk),
        stdin=None if shell else subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        start_new_session=not shell,
        pass_fds=serial,
        env={"PATH": os.environ["PATH"], "TERM": "linux", "TMPDIR": memory_dir(mem)},
    )
    for fd in serial:
        os.close(fd)
    rc = wait(p, timeout, shell, cut)
    if rc is None:
        rc = number(f"{out}/.rc", int)
    booted = number(f"{out}/.booted", float)
    times = f"boot_s={booted and booted - started} total_s={time.time() - started:.2f}\n"
    pathlib.Path(out, ".times").write_text(times)
    shutil.rmtree(run_dir, ignore_errors=True)
    return (125 if rc is None else rc), out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="what", required=True)
    for name in ("run", "shell", "check"):
        s = sub.add_parser(name)
        if name == "check":
            continue
        s.add_argument("-t", "--timeout", type=float, default=120 if name == "run" else 86400)
        s.add_argument("-m", "--mem", default="512M")
        s.add_argument("-o", "--out")
        s.add_argument("-e", "--env", action="append", default=[])
        s.add_argument("-C", "--cwd", default=os.getcwd())
        s.add_argument("-v", "--verbose", action="store_true")
        if name == "run":
            s.add_argument("cmd", nargs=argparse.REMAINDER)
    a = ap.parse_args()
    bad = why_not()
    if bad:
        print("lab:", bad, file=sys.stderr)
        return 77
    if a.what == "check":
        return 0
    cmd = a.cmd[1:] if a.what == "run" and a.cmd[:1] == ["--"] else getattr(a, "cmd", [])
    env = dict(e.split("=", 1) for e in a.env)
    rc, out = run(cmd or ["bash", "-i"], a.timeout, a.mem, a.out, env, a.cwd, shell=a.what == "shell")
    if a.verbose or rc in (124, 125):
        print(f"lab: rc={rc} out={out} {pathlib.Path(out, '.times').read_text().strip()}", file=sys.stderr)
    if not a.out and rc == 0:
        shutil.rmtree(out, ignore_errors=True)
    return rc


if __name__ == "__main__":
    sys.exit(main())
