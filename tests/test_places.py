"""The places under ``scrape.concurrency``: who holds one, and for how long."""

from __future__ import annotations

import asyncio

from ges_exporter.scraper.places import Places
from tests import swift


class Engine:
    """Another who is waited for, as long as it is not we who are busy."""

    def __init__(self) -> None:
        self.busy = 0.0
        """Seconds of the loop's time."""

    def waited(self) -> float:
        """Seconds that were spent waiting."""
        return swift.now() - self.busy


async def came(places: Places) -> float:
    """When a place is free."""
    async with places.hold(1.0):
        return swift.now()


def test_whoever_comes_first_is_served_first() -> None:
    """A place that is given back goes to the one who has waited longest."""

    async def main() -> None:
        places, order = Places(1), list[int]()

        async def work(number: int) -> None:
            async with places.hold(10.0):
                order.append(number)
                await asyncio.sleep(1.0)

        await asyncio.gather(*(work(number) for number in range(5)))
        assert order == [0, 1, 2, 3, 4]

    swift.run(main())


def test_a_place_is_passed_on_after_its_share() -> None:
    """Who waits for a server that hangs keeps it no longer, and goes on without it."""

    async def main() -> None:
        engine = Engine()
        places = Places(1, engine.waited)
        async with places.hold(4.0):
            assert await came(places) == 4.0
            assert await came(places) == 4.0

    swift.run(main())


def test_a_place_that_was_passed_on_is_not_given_back_twice() -> None:
    """There are never more places than there were."""

    async def main() -> None:
        places = Places(1, Engine().waited)
        async with places.hold(1.0):
            await asyncio.sleep(2.0)
        async with places.hold(10.0):
            assert await came(places) == 12.0

    swift.run(main())


def test_seconds_in_which_we_are_busy_do_not_count() -> None:
    """What keeps the exporter itself busy is no reason to ask more targets at once."""

    async def main() -> None:
        engine = Engine()
        places = Places(1, engine.waited)
        async with places.hold(4.0):
            engine.busy = 3.0
            assert await came(places) == 7.0

    swift.run(main())
