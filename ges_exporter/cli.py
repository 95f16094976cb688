"""The command ``ges-exporter``: flags, wiring, signals, exit status."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import structlog

from ges_exporter import __version__, logs
from ges_exporter.config import Config, load, parse, unreadable_files
from ges_exporter.errors import ConfigError, GesExporterError
from ges_exporter.exporter import Exporter
from ges_exporter.exposition import render
from ges_exporter.flags import CONFIG_FILE, parser
from ges_exporter.redaction import Redaction
from ges_exporter.reloading import Loaded, Reloader
from ges_exporter.server import Server, allow_many_files, listen, urls
from ges_exporter.simulator import create_app as simulate
from ges_exporter.simulator import serve as serve_simulator
from ges_exporter.simulator.scenarios.living import living
from ges_exporter.simulator.scenarios.schedule import OTHER_NODE, PROJECT_ID
from ges_exporter.threads import allow_many_lookups
from ges_exporter.web import Options, Protection, create_app

_log = structlog.get_logger("ges_exporter")

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the exporter; returns the exit status: 0, 1 for a bad configuration or ledger; 2 is raised for bad flags."""
    flags = parser()
    options = flags.parse_args(arguments)
    if options.config_check and options.demo:
        flags.error("--config.check: there is no file to check with --demo")
    redaction = Redaction()
    logs.configure(options.log_level, options.log_format, redaction.hide)
    try:
        return _run(options, redaction)
    except ConfigError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)  # noqa: T201
        if not options.demo and options.config_file == CONFIG_FILE and not Path(CONFIG_FILE).exists():
            print("--config.file names another file; --demo needs none, for a first look", file=sys.stderr)  # noqa: T201
    except (GesExporterError, OSError) as error:
        print(f"ges-exporter: {redaction.hide(str(error))}", file=sys.stderr)  # noqa: T201
    return 1


def _run(options: argparse.Namespace, redaction: Redaction) -> int:
    if options.demo:
        return asyncio.run(_demo(options, redaction))
    config, protection = _load(options, lambda: _protection(options))
    if options.config_check:
        for place, path in unreadable_files(config):
            print(f"{options.config_file}: {place}: {path} cannot be read now", file=sys.stderr)  # noqa: T201
        number = len(config.targets())
        found = " and those that discovery finds" if any(project.discovers for project in config.projects) else ""
        print(f"{options.config_file}: {number} target{'s' * (number != 1)}{found}, no faults")  # noqa: T201
        return 0
    if options.once:
        return asyncio.run(_once(options, config, redaction))
    return asyncio.run(_serve(options, config, protection, redaction))


def _load(options: argparse.Namespace, protect: Callable[[], T]) -> tuple[Config, T]:
    """Reads both files; raises ConfigError with the faults of both, each with its file."""
    faults: list[str] = []
    with _naming(options.config_file, faults):
        config = load(Path(options.config_file), os.environ)
        if options.ledger_path is not None:
            config = config.with_ledger_path(options.ledger_path)
    with _naming(options.web_config_file, faults):
        protection = protect()
    if faults:
        raise ConfigError(faults)
    return config, protection


def _protection(options: argparse.Namespace) -> Protection:
    return Protection(Path(options.web_config_file) if options.web_config_file else None)


@contextlib.contextmanager
def _naming(file: str, faults: list[str]) -> Iterator[None]:
    """Gathers the faults of one file."""
    try:
        yield
    except ConfigError as error:
        faults += [fault if fault.startswith((file, "--")) else f"{file}: {fault}" for fault in error.faults]


async def _once(options: argparse.Namespace, config: Config, redaction: Redaction) -> int:
    """One scrape, in the classic format, on standard output; 1 where a target, or a discovery, failed."""
    allow_many_lookups()
    exporter = Exporter(config, external_url=options.web_external_url, redaction=redaction)
    try:
        seconds = exporter.seconds(None)
        await exporter.discovered(config.scrape.max_timeout)
        results = await exporter.scrape(list(exporter.targets), seconds)
        page, _ = render(exporter.snapshot(results, seconds, own=True))
        found = all(search.last_success is not None for search in exporter.searches.values())
    finally:
        await exporter.aclose()
    sys.stdout.buffer.write(page)
    return 0 if found and all(result.up for result in results.values()) else 1


async def _demo(options: argparse.Namespace, redaction: Redaction) -> int:
    """Serves what is seen of the built-in simulator, which needs no configuration."""
    faults: list[str] = []
    with _naming(options.web_config_file, faults):
        protection = _protection(options)
    if faults:
        raise ConfigError(faults)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve_simulator(simulate(living())))
        config = parse(demo_config(url), os.environ, Path.cwd())
        config = config.with_ledger_path(options.ledger_path or ":memory:")
        if options.once:
            return await _once(options, config, redaction)
        return await _serve(options, config, protection, redaction, demo=url)


def demo_config(url: str) -> dict[str, object]:
    """Returns the configuration that watches the living scenario at ``url``, and expects a little too much of it."""
    return {
        "credentials": {
            "demo": {"type": "password", "domain": "demo", "username": "demo", "password": "demo", "iam_endpoint": url}
        },
        "projects": [
            {
                "name": "demo",
                "project_id": PROJECT_ID,
                "region": "simulated",
                "credentials": "demo",
                "management": {"endpoint": url},
                "graphs": [
                    {"name": "movie", "endpoint": url},
                    {"name": "fraud", "endpoint": url},
                    {"name": "social", "endpoints": [url, url.replace("127.0.0.1", OTHER_NODE)]},
                ],
                "discovery": {"enabled": True, "interval": "1m"},
            }
        ],
        # One kind of job less than there will be, so that this limit can be seen, too.
        "limits": {"label_sets_per_graph": 9},
        "thresholds": [
            {"job_type": "ImportGraph", "expected_interval": "10m", "max_duration": "5m", "max_pending": "2m"},
            {"job_type": "ExportGraph", "plane": "service", "expected_interval": "2m"},
            {"job_type": "Algorithm", "algorithm": "personalrank", "expected_interval": "1m"},
            {"job_type": "Algorithm", "algorithm": "closeness", "max_duration": "2m"},
            {"job_type": "import_graph", "expected_interval": "10m", "max_duration": "5m", "max_pending": "2m"},
            {"job_type": "Algorithm", "max_duration": "10m", "max_pending": "2m"},
        ],
    }


async def _serve(
    options: argparse.Namespace, config: Config, protection: Protection, redaction: Redaction, demo: str = ""
) -> int:
    allow_many_files()
    allow_many_lookups()
    # Long lists are many objects and hardly a cycle: to look for some after every 700 takes a sixth of all time.
    gc.set_threshold(10_000)
    # While the loop is busy, each step of a thread (saving, rendering) has to wait for so many seconds.
    sys.setswitchinterval(0.001)
    sockets = [listen(address) for address in options.web_listen_address or [":9877"]]
    exporter = Exporter(config, external_url=options.web_external_url, redaction=redaction)
    web = Options(options.web_telemetry_path, options.web_external_url, options.web_enable_lifecycle)
    reloader = Reloader(exporter, lambda: _load_again(options, protection, config if demo else None))
    app = create_app(exporter, web, protection, reloader.reload)
    server = Server(app, config.scrape.max_timeout, protection.tls)
    server.on_hangup = reloader.begin
    announcing = asyncio.create_task(_announce(server, sockets, web, len(exporter.targets), demo))
    try:
        await server.serve(sockets)
    finally:
        announcing.cancel()
        await exporter.aclose()
    return 0


def _load_again(options: argparse.Namespace, protection: Protection, demo: Config | None) -> Loaded:
    if demo is not None:
        config, measures = demo, protection.read()
    else:
        config, measures = _load(options, protection.read)
    return Loaded(config, lambda: protection.apply(measures))


async def _announce(server: Server, sockets: list[socket.socket], web: Options, targets: int, demo: str) -> None:
    await server.ready.wait()
    addresses = urls(sockets, server.scheme)
    _log.info("ges-exporter is listening", version=__version__, addresses=addresses, targets=targets)
    if demo:
        print(  # noqa: T201
            f"Watching a simulated GES at {demo}. Look at\n"
            f"  {addresses[0]}{web.telemetry_path}   the metrics\n"
            f"  {addresses[0]}/jobs      the jobs\n"
            f"  {addresses[0]}/          the targets\n"
            "Ctrl-C ends it.",
            flush=True,
        )
