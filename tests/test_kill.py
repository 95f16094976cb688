"""The real program is killed with kill -9 at random moments, and counts every job once all the same."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from ges_exporter.simulator import Fault
from tests.killing import Exporter, Works, kill, watched

PATHS = ("/metrics", "/metrics", "/probe?project=demo&graph=movie", "/probe?project=demo")
LIFE = 0.6
"""Seconds after its start within which a program is killed that nobody waits for."""
ENOUGH = 30
"""Scrapes after which all must have been counted."""


def test_totals_equal_the_books_after_twenty_kills(tmp_path: Path) -> None:
    """At the end every job counts once, and no page before has shown more than was true, or less than one before it."""

    async def twice() -> None:
        await asyncio.gather(*(survive(tmp_path / f"{seed}", kills=10, seed=seed) for seed in (1, 2)))

    asyncio.run(twice())


@pytest.mark.soak
def test_totals_equal_the_books_after_hundreds_of_kills(tmp_path: Path) -> None:
    """The same, for longer: GES_SOAK_KILLS, by default 400."""
    asyncio.run(survive(tmp_path, kills=int(os.environ.get("GES_SOAK_KILLS", "400")), seed=os.getpid()))


async def survive(folder: Path, kills: int, seed: int) -> None:
    """Lets jobs come and go while the exporter is killed so many times, and compares at the end."""
    chance = Random(seed)  # noqa: S311 - of a test
    works = Works(chance)
    async with watched(folder, works) as exporter:
        await exporter.first()
        works.world.faults.add(Fault(kind="latency", value=0.03))
        for _ in range(kills):
            works.submit()
            works.turn()
            if chance.random() < 0.3:
                await die_young(exporter, chance)
            else:
                await die_at_work(exporter, works, chance)
        await settle(exporter, works)


async def die_young(exporter: Exporter, chance: Random) -> None:
    """Is killed while it starts."""
    process = await exporter.start()
    await asyncio.sleep(chance.uniform(0, LIFE))
    await kill(process)


async def die_at_work(exporter: Exporter, works: Works, chance: Random) -> None:
    """Scrapes once or twice, and is killed in the middle of some more."""
    async with exporter.running() as address:
        for _ in range(chance.randint(0, 2)):
            began = works.world.clock()
            await exporter.scrape(address)
            works.prune(began - 1)
            works.submit()
        scrapes = [asyncio.create_task(exporter.scrape_in_vain(address, path)) for path in chance.sample(PATHS, 2)]
        await asyncio.sleep(chance.uniform(0, 0.2))
    await asyncio.gather(*scrapes)


async def settle(exporter: Exporter, works: Works) -> None:
    """Once all jobs have ended, and the details of imports were asked for, what is shown is what has happened."""
    async with exporter.running() as address:
        for _ in range(ENOUGH):
            shown = await exporter.scrape(address)
            if not works.busy and shown == await exporter.truth():
                return
    assert shown == await exporter.truth()
