"""The command ``ges-exporter``: flags, wiring, signals, exit status."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from ges_exporter import __version__, logs
from ges_exporter.config import Config, load, parse
from ges_exporter.errors import ConfigError, GesExporterError
from ges_exporter.exporter import Exporter
from ges_exporter.exposition import render
from ges_exporter.server import Server, listen, split_address, urls
from ges_exporter.simulator import create_app as simulate
from ges_exporter.simulator import serve as serve_simulator
from ges_exporter.simulator.scenarios.living import living
from ges_exporter.simulator.scenarios.schedule import PROJECT_ID
from ges_exporter.web import Options, create_app

_log = structlog.get_logger("ges_exporter")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the exporter; returns the exit status: 0, 1 for a bad configuration or ledger; 2 is raised for bad flags."""
    options = _parser().parse_args(arguments)
    logs.configure(options.log_level, options.log_format)
    try:
        if options.demo:
            return asyncio.run(_demo(options))
        config = _load(options)
        if options.config_check:
            print(f"{options.config_file}: {len(config.targets())} targets, no faults")  # noqa: T201
            return 0
        return asyncio.run(_once(options, config) if options.once else _serve(options, config))
    except ConfigError as error:
        for fault in error.faults:
            print(f"{options.config_file}: {fault}", file=sys.stderr)  # noqa: T201
    except (GesExporterError, OSError) as error:
        print(f"ges-exporter: {error}", file=sys.stderr)  # noqa: T201
    return 1


def _load(options: argparse.Namespace) -> Config:
    config = load(Path(options.config_file), os.environ)
    return config if options.ledger_path is None else config.with_ledger_path(options.ledger_path)


async def _once(options: argparse.Namespace, config: Config) -> int:
    """One scrape, in the classic format, on standard output."""
    exporter = Exporter(config, external_url=options.web_external_url)
    try:
        seconds = exporter.seconds(None)
        results = await exporter.scrape(list(exporter.targets), seconds)
        page, _ = render(exporter.snapshot(results, seconds, own=True))
    finally:
        await exporter.aclose()
    sys.stdout.buffer.write(page)
    return 0 if all(result.up for result in results.values()) else 1


async def _demo(options: argparse.Namespace) -> int:
    """Serves what is seen of the built-in simulator, which needs no configuration."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve_simulator(simulate(living())))
        config = parse(_demo_config(url), os.environ, Path.cwd())
        return await _serve(options, config.with_ledger_path(options.ledger_path or ":memory:"), demo=url)


def _demo_config(url: str) -> dict[str, object]:
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
                    {"name": "social", "endpoint": url},
                ],
            }
        ],
        "thresholds": [
            {"job_type": "ImportGraph", "expected_interval": "10m", "max_duration": "5m", "max_pending": "2m"},
            {"job_type": "import_graph", "expected_interval": "10m", "max_duration": "5m", "max_pending": "2m"},
            {"job_type": "Algorithm", "max_duration": "10m", "max_pending": "2m"},
        ],
    }


async def _serve(options: argparse.Namespace, config: Config, demo: str = "") -> int:
    sockets = [listen(address) for address in options.web_listen_address or [":9877"]]
    exporter = Exporter(config, external_url=options.web_external_url)
    web = Options(options.web_telemetry_path, options.web_external_url, options.web_enable_lifecycle)
    server = Server(create_app(exporter, web), grace=config.scrape.max_timeout)
    announcing = asyncio.create_task(_announce(server, sockets, web, len(exporter.targets), demo))
    try:
        await server.serve(sockets)
    finally:
        announcing.cancel()
        await exporter.aclose()
    return 0


async def _announce(server: Server, sockets: list[socket.socket], web: Options, targets: int, demo: str) -> None:
    await server.ready.wait()
    addresses = urls(sockets)
    _log.info("ges-exporter is listening", version=__version__, addresses=addresses, targets=targets)
    if demo:
        print(  # noqa: T201
            f"Watching a simulated GES at {demo}. Look at\n"
            f"  {addresses[0]}{web.telemetry_path}   the metrics\n"
            f"  {addresses[0]}/          the targets\n"
            "Ctrl-C ends it.",
            flush=True,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ges-exporter",
        description="A Prometheus exporter for the jobs of Huawei Cloud's Graph Engine Service (GES).",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--config.file", dest="config_file", default="ges-exporter.yml", metavar="FILE", help="default: %(default)s")
    add("--config.check", dest="config_check", action="store_true", help="check the file, print every fault, and end")
    add(
        "--web.listen-address",
        dest="web_listen_address",
        action="append",
        type=_address,
        metavar="ADDRESS",
        help="where to listen, such as :9877, 127.0.0.1:9877 or [::1]:9877; repeatable; port 0 picks a free one "
        "(default: :9877)",
    )
    add(
        "--web.telemetry-path",
        dest="web_telemetry_path",
        default="/metrics",
        type=_path,
        metavar="PATH",
        help="default: %(default)s",
    )
    add(
        "--web.enable-lifecycle",
        dest="web_enable_lifecycle",
        action="store_true",
        help="allow POST /-/reload",
    )
    add(
        "--web.external-url",
        dest="web_external_url",
        default="",
        type=_url,
        metavar="URL",
        help="how people reach this exporter, for links in alerts and pages",
    )
    add("--ledger.path", dest="ledger_path", metavar="FILE", help="overrides the file; :memory: keeps nothing")
    add("--log.level", dest="log_level", choices=logs.LEVELS, default="info", help="default: %(default)s")
    add("--log.format", dest="log_format", choices=logs.FORMATS, default="logfmt", help="default: %(default)s")
    add("--once", action="store_true", help="scrape once, print the metrics, and end; 1 if a target failed")
    add("--demo", action="store_true", help="watch a built-in simulated GES; needs no configuration")
    add("--version", action="version", version=f"ges-exporter {__version__}")
    return parser


def _address(text: str) -> str:
    try:
        split_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or text == "/" or any(char in text for char in "?#{} "):
        raise argparse.ArgumentTypeError(f"expected a path such as /metrics, got {text!r}")
    return text


def _url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"expected a URL with http or https, got {text!r}")
    return text.rstrip("/")
