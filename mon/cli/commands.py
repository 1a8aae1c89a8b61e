"""Our own commands: a row each; the module behind a row is loaded only when it is asked for."""

import argparse
import importlib
from collections.abc import Sequence

import mon
from mon.cli import exits
from mon.cli.output import OutputError, say_text
from mon.errors import MonError
from mon.structs import Struct


class Command(Struct, frozen=True):
    """``module`` has two functions: ``add_arguments(parser)`` and ``run(arguments) -> exit status``,
    with ``name_`` in front where one module serves several commands."""

    name: str
    module: str
    help: str

    def part(self, what: str) -> object:
        """The function ``what`` of the command's module, the command's own if there is one."""
        module = importlib.import_module(self.module)
        return getattr(module, f"{self.name}_{what}", None) or getattr(module, what)


COMMANDS = (
    Command("run", "mon.cli.run", "run the daemon in the foreground"),
    Command("check", "mon.cli.check", "say what is wrong with a configuration, all of it"),
    Command("reload", "mon.cli.ask", "have the daemon read its configuration again, and wait for it"),
    Command("status", "mon.cli.status", "show services, hosts and pools"),
    Command("alerts", "mon.cli.alerts", "what became of alerts; try one again, or give it up"),
    Command("why", "mon.cli.alerts", "why alerts were sent or held, or a real server has its weight"),
    Command("ack", "mon.cli.quiet", "say that somebody knows of a failure: no more alerts until it is over"),
    Command("silence", "mon.cli.quiet", "send no failure alerts of a watch or service for a while; list"),
    Command("pool", "mon.cli.pool", "show pools; disable, enable, drain a server or set its weight"),
    Command("plan", "mon.cli.pool", "what a changed mon.cf or an operator's word would do to balancers"),
    Command("test", "mon.cli.test", "run one monitor now and say what would follow; nothing is sent"),
    Command("plugins", "mon.cli.plugins", "list the plugins, or print the manual of one"),
    Command("monitor", "mon.cli.plugins", "run a monitor by hand"),
    Command("alert", "mon.cli.plugins", "send a test notice by hand"),
    Command("trap", "mon.cli.trap", "send a result to a mon, for one of its services"),
    Command("demo", "mon.demo", "watch real servers fail and come back, on this machine only"),
)


def command(words: Sequence[str]) -> int:
    """Carry out one command line; returns the exit status (see ``exits``)."""
    parser = argparse.ArgumentParser(
        prog="mon",
        description=mon.__doc__,
        epilog=exits.table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mon {mon.__version__}")
    rows = parser.add_subparsers(dest="command", metavar="COMMAND")
    wanted = next((word for word in words if not word.startswith("-")), "")
    for row in COMMANDS:
        sub = rows.add_parser(row.name, help=row.help, description=row.help)
        if row.name == wanted:
            row.part("add_arguments")(sub)  # type: ignore[operator]
            _explain(sub, row)
            sub.set_defaults(run=row.part("run"))
    arguments = parser.parse_args(list(words))
    if not arguments.command:
        parser.print_help()
        return exits.WRONG_USAGE
    return _carry_out(arguments)


def _explain(parser: argparse.ArgumentParser, row: Command) -> None:
    """Put the exit statuses below the help."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n\n".join(filter(None, (parser.epilog, exits.epilog(row.name))))


def _carry_out(arguments: argparse.Namespace) -> int:
    try:
        return int(arguments.run(arguments))
    except OutputError:
        raise  # told by who flushes
    except MonError as error:
        say_text(f"mon: {error}", error=True)
        return exits.FAILED
    except KeyboardInterrupt:
        return exits.INTERRUPTED
