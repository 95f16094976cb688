"""The nodes of one graph, asked at once, so that one that is down costs nothing while another answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence

from ges_exporter.client.exchange import Exchange
from ges_exporter.client.session import Session
from ges_exporter.model import NodeListing

Ask = Callable[[Exchange], Awaitable[NodeListing]]
"""A failure is part of what it returns."""
Task = asyncio.Task[NodeListing]
GRACE = 1.5
"""Seconds that a node has at least, once another has answered: a lost connection request is repeated after one."""
MOMENT = 0.1
"""Seconds that a node has at most that was too slow the last time."""


class Node:
    """One endpoint of a graph, and how long it takes to answer in full."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._pace = exchange.backoff.pace
        self._short = False
        """Whether it is being listed short."""

    async def ask(self, ask: Ask, *, short: bool) -> NodeListing:
        """Asks it, for a ``short`` listing or a whole one, and notes how long that takes."""
        self._short = short
        loop = asyncio.get_running_loop()
        began = loop.time()
        listing = await ask(self.exchange)
        if not listing.reason:
            self._pace.took[listing.short], self._pace.late = loop.time() - began, False
        return listing

    async def wait(self, task: Task, first: float, most: float) -> None:
        """Waits for what it is being asked, as long as it deserves; another node has answered, after ``first`` seconds.

        A node that has not been heard of yet has all the time there is, so that what its first answer shows is history;
        but not if it cannot even be reached.
        """
        known, late = self._pace.took, self._pace.late
        if late or known.get(self._short, 0.0) > first + most:
            # Too slow for this scrape is not too slow for one that has more time.
            await asyncio.wait([task], timeout=min(first, MOMENT))
            return
        took = known.get(self._short, max(known.values(), default=None))
        try:
            await asyncio.wait([task], timeout=GRACE if took is None else max(GRACE, 3 * max(first, took)))
            if took is None and not self.exchange.reaching:
                await asyncio.wait([task])
        finally:
            self._pace.late = not task.done()

    def given_up(self) -> NodeListing:
        """What there is of it when there is no more time to wait."""
        message = "no full answer in time, when another node had given one"
        return NodeListing(self.exchange.endpoint, reason="timeout", message=message)


class Nodes:
    """All endpoints of a graph."""

    def __init__(self, exchanges: Iterable[Exchange] = ()) -> None:
        self._nodes = [Node(exchange) for exchange in exchanges]
        self._left: Sequence[Task] = ()
        """What was given up: it goes on until the deadline of its scrape, to show when the node is back."""

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def are_slow(self) -> bool:
        """Whether one that was given up has answered after all."""
        done = [task for task in self._left if task.done() and not task.cancelled()]
        return any(task.exception() is None and not task.result().reason for task in done)

    async def ask(self, ask: Ask, session: Session, short: Container[str]) -> list[NodeListing]:
        """Asks all nodes, those in ``short`` for a short listing.

        Once one has answered, the others have at most half of the time that is left: who answered before, a few times
        what it took then; who was given up, a moment only. So one that hangs costs time when it is given up, and next
        to none from then on.
        """
        await self.aclose()
        if len(self._nodes) == 1:
            return [await ask(self._nodes[0].exchange)]
        tasks = {
            node: asyncio.ensure_future(node.ask(ask, short=node.exchange.endpoint in short)) for node in self._nodes
        }
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            if await _is_answered(tasks.values()):
                session.answered.set()
                await _wait_for_others(tasks, session, loop.time() - began)
            listings = [task.result() if task.done() else node.given_up() for node, task in tasks.items()]
        except BaseException:
            await _end(tasks.values())
            raise
        self._left = [task for task in tasks.values() if not task.done()]
        return listings

    async def aclose(self) -> None:
        """Ends what is still being asked."""
        left, self._left = self._left, ()
        await _end(left)
        for task in left:
            if not task.cancelled():
                # A mistake in the program must not go unnoticed because nobody waits for the answer.
                task.result()


async def _is_answered(tasks: Iterable[Task]) -> bool:
    """Whether a node has answered: as soon as one has, or when all have failed."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if any(not task.result().reason for task in done):
            return True
    return False


async def _wait_for_others(tasks: Mapping[Node, Task], session: Session, first: float) -> None:
    # Were the nodes of many graphs down at once, their graphs would keep each other waiting.
    timer = asyncio.get_running_loop().call_later(MOMENT, session.give_place)
    try:
        async with session.halfway() as most:
            await asyncio.gather(*(node.wait(task, first, most) for node, task in tasks.items()))
    finally:
        timer.cancel()


async def _end(tasks: Iterable[Task]) -> None:
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending)
