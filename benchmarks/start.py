"""A start with a ledger that remembers a million job ids of 1,000 graphs."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import yaml

from benchmarks.rig import Process, fleet_config, free_port, show, wait_until_ready
from ges_exporter.dialects import DIALECTS
from ges_exporter.ledger import Ledger, Rules
from ges_exporter.model import Job, Listing, NodeListing, Plane, Status, Target, Time
from ges_exporter.store import Store

GRAPHS, JOBS = 1000, 1000
NOW = 1_750_000_000.0


def run() -> None:
    """Prints the figures."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        asyncio.run(_fill(str(path)))
        show(f"a ledger of {GRAPHS * JOBS} job ids", path.stat().st_size / 1024 / 1024, "MiB")
        empty, _ = _start(Path(folder), ":memory:")
        ready, memory = _start(Path(folder), str(path))
        show("from start to ready", ready, "s", "3 s")
        show("  against a start without a ledger", ready / empty, "x")
        show("  peak memory", memory, "MiB", "400 MiB")


def _start(folder: Path, ledger: str) -> tuple[float, float]:

    file, port = folder / "ges-exporter.yml", free_port()
    file.write_text(yaml.safe_dump(fleet_config("http://127.0.0.1:9", GRAPHS, ledger)), encoding="utf-8")
    process = Process("ges_exporter", ["--config.file", str(file), "--web.listen-address", f"127.0.0.1:{port}"])
    try:
        return wait_until_ready(f"http://127.0.0.1:{port}"), process.peak_mib()
    finally:
        process.stop()


async def _fill(path: str) -> None:
    store, ledger, random = Store(path), Ledger(Rules()), Random(0)  # noqa: S311 - ids of no importance
    saves = []
    for number in range(GRAPHS):
        target = Target("fleet", f"graph-{number:04}", Plane.SERVICE)
        ledger.watch(target)
        jobs = [
            Job(
                f"{uuid.UUID(int=random.getrandbits(128))}001680206",
                Status.SUCCESS,
                "Algorithm",
                "pagerank",
                end=Time(NOW),
            )
            for _ in range(JOBS)
        ]
        listing = Listing(
            target, (NodeListing("http://127.0.0.1:9", jobs, complete=True),), NOW, api=DIALECTS["memory"].api
        )
        saves.append(store.save(ledger.observe(listing, NOW).changes))
    await asyncio.gather(*saves)
    await store.aclose()
