"""The command ``ges-simulator``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from starlette.applications import Starlette

from ges_exporter import __version__
from ges_exporter.simulator.app import API, create_app
from ges_exporter.simulator.faults import KINDS, Fault, duration, parse
from ges_exporter.simulator.scenarios.fleet import Size, fleet
from ges_exporter.simulator.scenarios.living import living
from ges_exporter.simulator.scenarios.pages import ROUTES, pages
from ges_exporter.simulator.server import serve
from ges_exporter.simulator.world import World

Address = tuple[str, int]
T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a scenario until SIGTERM or SIGINT.

    Returns 0, or 1 if the address is not to be had; exits with 2 for bad flags.
    """
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(_application(options), options.listen_address or [("127.0.0.1", 9878)]))
    except OSError as error:
        print(f"ges-simulator: {error}", file=sys.stderr)  # noqa: T201 - a command speaks to its user
        return 1
    return 0


async def _serve(app: Starlette, addresses: Sequence[Address]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for host, port in addresses:
            url = await stack.enter_async_context(serve(app, host, port))
            print(f"listening on {url}", flush=True)  # noqa: T201 - a command speaks to its user
        await stop.wait()


def _application(options: argparse.Namespace) -> Starlette:
    world = _world(options)
    world.advertise_port = not options.plain_addresses
    if options.token_lifetime is not None:
        world.iam.lifetime = options.token_lifetime
    for fault in options.fault:
        world.faults.add(fault)
    if options.latency:
        world.faults.add(Fault(kind="latency", value=options.latency))
    return create_app(world, ROUTES if options.scenario == "pages" else API)


def _world(options: argparse.Namespace) -> World:
    if options.scenario == "living":
        return living(seed=options.seed)
    if options.scenario == "pages":
        return pages(seed=options.seed)
    return fleet(seed=options.seed, size=Size(options.graphs, options.jobs, options.hanging))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ges-simulator",
        description="A simulated Graph Engine Service: IAM, both planes, living jobs, faults on demand.",
        epilog=_fault_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--listen-address", type=_address, action="append", metavar="HOST:PORT", help="repeatable; port 0: a free one")
    add("--scenario", choices=("living", "pages", "fleet"), default="living")
    add("--seed", type=int, default=0, help="makes ids and schedules repeatable")
    add(
        "--latency",
        type=_flag(duration),
        default=0.0,
        metavar="DURATION",
        help="how late every answer is, such as 20ms",
    )
    add("--fault", type=_flag(parse), action="append", default=[], metavar="FAULT", help="repeatable; see below")
    add("--graphs", type=int, default=Size.graphs, help="fleet: how many graphs")
    add("--jobs", type=int, default=Size.jobs, help="fleet: how many jobs in the list of each")
    add("--hanging", type=float, default=Size.hanging, metavar="PERCENT", help="fleet: graphs that never answer")
    add("--token-lifetime", type=_flag(duration), metavar="DURATION", help="of IAM tokens, such as 10m")
    add("--plain-addresses", action="store_true", help="graphs lists give bare IPs, not IP:port")
    add("--version", action="version", version=f"ges-simulator {__version__}")
    return parser


def _fault_help() -> str:
    kinds = "\n".join(f"  {kind:<14}{meaning}" for kind, meaning in KINDS.items())
    fields = "path, graph, host, times, start, seconds, every"
    return f"Faults are written kind=VALUE,field=value,... with the fields {fields}:\n{kinds}"


def _flag(read: Callable[[str], T]) -> Callable[[str], T]:
    """``read`` as the parser wants it, which shows the text of its own kind of error only."""

    def checked(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, got {text!r}")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - as asked for
