"""What every monitor of ours keeps to, whatever it checks."""

import ast
import asyncio
import inspect
import typing
from pathlib import Path

import pytest

from mon.plugin import BadOption, Down, Option, Probe, Spawn, Unknown, Verdict

MONITORS = Path(__file__).parents[2] / "monitors"
NAMES = sorted(file.stem for file in MONITORS.glob("*.py") if file.stem != "__init__")
OPTION_TYPES = {str, int, float, bool, list[str]}
SPAWNING = {"nagios"}
"""Their programs do the looking up and connecting."""

CALM = {"load": {"most": "1000"}}
"""What keeps one that looks at this machine from seeing how busy it is with tests."""

APART = {"agent"}
"""What they ask is beside the service: as with HAProxy's agent-check its absence says nothing of the host."""

PROBING = [name for name in NAMES if name not in SPAWNING]


def verb(module):
    return getattr(module, "check", None) or getattr(module, "sweep", None) or module.follow


def options(module):
    """(name, type, Option, default) of every option, the shared ones too."""
    hints = typing.get_type_hints(verb(module), include_extras=True)
    for hint in hints.values():
        if typing.get_origin(hint) is typing.Unpack:
            shared = typing.get_type_hints(typing.get_args(hint)[0], include_extras=True)
            for name, each in shared.items():
                kind, spec = typing.get_args(each)
                yield name, kind, spec, kind()
    for name, parameter in inspect.signature(verb(module)).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and hints[name] not in (Probe, Spawn):
            kind, *extras = typing.get_args(hints[name])
            yield name, kind, next(extra for extra in extras if isinstance(extra, Option)), parameter.default


TLS = sorted({"ca", "cert", "key", "tls_min"})
SPEAKING_TLS = {
    *("http", "imap", "ldap", "mysql", "pop3", "postgresql", "redis", "smtp", "sslcert", "tcp", "url")
}


def imports(name):
    for node in ast.walk(ast.parse((MONITORS / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module


async def first_word(module, host, probe, **given):
    """What an event monitor reports first."""
    said = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(module.follow(host, lambda *word: said.set_result(word), probe=probe, **given))
    try:
        return await asyncio.wait_for(said, 5)
    finally:
        task.cancel()


def test_there_are_monitors():
    assert {"fping", "ftp", "http", "ping", "tcp", "url"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_first_line_says_what_it_does(load, name):
    first = load(name).__doc__.partition("\n")[0]
    assert 10 < len(first) < 80
    assert first.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_coroutine_with_a_docstring(load, name):
    module = load(name)
    assert [hasattr(module, name) for name in ("check", "sweep", "follow")].count(True) == 1
    assert inspect.iscoroutinefunction(verb(module))
    assert verb(module).__doc__


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_typed_helped_and_has_a_default(load, name):
    flags = []
    for option, kind, spec, default in options(load(name)):
        plain = {part for part in typing.get_args(kind) if part is not type(None)} or {kind}
        assert kind in OPTION_TYPES or plain <= OPTION_TYPES, option
        assert spec.help, option
        assert default is not inspect.Parameter.empty, option
        flags += spec.flags
    assert len(flags) == len(set(flags))


def test_who_speaks_tls_takes_all_of_its_options(load):
    found = {name: {option for option, *_ in options(load(name))} for name in NAMES}
    assert {
        name for name, told in found.items() if told & {"tls", "starttls", *TLS} - {"key"}
    } == SPEAKING_TLS
    assert {name: sorted(found[name] & set(TLS)) for name in SPEAKING_TLS} == dict.fromkeys(SPEAKING_TLS, TLS)


BAD_TLS = [
    ({"tls_min": "1.5"}, "--tls-min is given 1.5: it takes 1.0, 1.1, 1.2, 1.3"),
    ({"key": "/x"}, "--key is given without --cert: name"),
    ({"cert": "EMPTY"}, "is no certificate with its key .*: name PEM files"),
]


@pytest.mark.parametrize("name", sorted(SPEAKING_TLS))
@pytest.mark.parametrize(("given", "said"), BAD_TLS)
def test_options_of_tls_that_cannot_be_meant_are_refused(load, name, given, said, tmp_path):
    (tmp_path / "EMPTY").touch()
    module = load(name)
    usual = {option: default for option, _, _, default in options(module)}
    words = {option: str(tmp_path / word) if word == "EMPTY" else word for option, word in given.items()}
    with pytest.raises(BadOption, match=said):
        module.verify({**usual, "tls": True, **words})
    assert "cannot be read (No such file" in module.verify({**usual, "tls": True, "cert": "/nowhere"})[0]
    if "tls" in usual:
        with pytest.raises(BadOption, match="--cert is given, but no TLS is spoken: add --tls"):
            module.verify({**usual, "cert": "/nowhere"})


@pytest.mark.parametrize("name", NAMES)
def test_it_imports_nothing_of_mon_but_the_plugin_surface(name):
    assert {module for module in imports(name) if module.split(".")[0] == "mon"} == {"mon.plugin"}
    assert not {module for module in imports(name) if module.split(".")[0] in ("monitors", "alerts")}


@pytest.mark.parametrize("name", PROBING)
async def test_a_port_that_refuses_is_a_result_and_no_other_exception(load, name, probe, refusing):
    module = load(name)
    told = {option for option, *_ in options(module)}
    given = {"port": refusing} if "port" in told else CALM.get(name, {})
    if hasattr(module, "follow"):
        assert (await first_word(module, "127.0.0.1", probe, **given))[0] is Verdict.DOWN
        return
    if hasattr(module, "sweep"):
        said = []
        await module.sweep(["127.0.0.1"], lambda *result: said.append(result), probe=probe)
        assert [(host, Verdict(verdict) is not Verdict.DOWN) for host, verdict, *_ in said] == [
            ("127.0.0.1", True)
        ]
        return
    try:
        assert await module.check("127.0.0.1", probe=probe, **given)
        assert "port" not in told
    except Down:
        assert "port" in told
    except Unknown as finding:
        assert "not permitted" in finding.detail or name in APART


@pytest.mark.parametrize("name", PROBING)
async def test_a_name_that_does_not_resolve_is_unknown(load, name, probe):
    module = load(name)
    probe._resolver._look_up = lambda host: ()
    if hasattr(module, "follow"):
        assert (await first_word(module, "web.invalid", probe))[0] is Verdict.UNKNOWN
    elif hasattr(module, "sweep"):
        said = []
        await module.sweep(["web.invalid"], lambda *result: said.append(result[1]), probe=probe)
        assert said == [Verdict.UNKNOWN]
    else:
        with pytest.raises(Unknown, match="resolve"):
            await module.check("web.invalid", probe=probe)
