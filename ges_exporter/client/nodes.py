"""The nodes of one graph, asked at once, so that one that is down costs nothing while another answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from ges_exporter.client.exchange import Exchange, Session
from ges_exporter.deadline import Deadline
from ges_exporter.model import NodeListing

Ask = Callable[[Exchange], Awaitable[NodeListing]]
"""A failure is part of what it returns."""
Tasks = dict[str, asyncio.Task[NodeListing]]
"""By endpoint."""
GRACE = 1.0
"""Seconds for a node that was too slow before, once another has answered."""


async def ask_nodes(exchanges: Sequence[Exchange], ask: Ask, session: Session, now: float) -> list[NodeListing]:
    """Asks all nodes; once one has answered, the others have half of the time that is left.

    Those that lagged behind before are asked only if no other answers, at the latest when half of the time is over; and
    when they are asked again, they have little more time than the first took. ``now`` in Unix seconds.
    """
    if len(exchanges) == 1:
        return [await ask(exchanges[0])]
    tasks: Tasks = {}
    began = session.deadline.remaining
    try:
        if await _is_answered(exchanges, ask, tasks, session.deadline, now):
            session.answered.set()
            await _wait_for_others(exchanges, tasks, session.deadline, began - session.deadline.remaining)
    finally:
        await _end(tasks.values())
    return [_result(exchange, tasks.get(exchange.endpoint), now) for exchange in exchanges]


async def _wait_for_others(exchanges: Sequence[Exchange], tasks: Tasks, deadline: Deadline, first: float) -> None:
    """Waits for those that have not answered yet; ``first`` are the seconds that the first answer took."""
    most = max(deadline.remaining, 0.0) / 2
    grace = min(max(GRACE, 3 * first), most)
    await asyncio.wait(tasks.values(), timeout=grace)
    trusted = {tasks[one.endpoint] for one in exchanges if one.endpoint in tasks and not one.backoff.doubted}
    if trusted:
        await asyncio.wait(trusted, timeout=most - grace)


async def _is_answered(exchanges: Sequence[Exchange], ask: Ask, tasks: Tasks, deadline: Deadline, now: float) -> bool:
    """Begins to ask, and returns whether a node has answered: as soon as one has, or when all have failed."""
    swift = [exchange for exchange in exchanges if not exchange.backoff.lags(now)]
    slow = [exchange for exchange in exchanges if exchange.backoff.lags(now)]
    _begin(swift, ask, tasks)
    if await _first_answer(tasks.values(), max(deadline.remaining, 0.0) / 2 if slow else None):
        return True
    _begin(slow, ask, tasks)
    return await _first_answer(tasks.values(), None)


def _begin(exchanges: Iterable[Exchange], ask: Ask, tasks: Tasks) -> None:
    for exchange in exchanges:
        tasks[exchange.endpoint] = asyncio.ensure_future(ask(exchange))


async def _first_answer(tasks: Iterable[asyncio.Task[NodeListing]], seconds: float | None) -> bool:
    """Whether one of them brings an answer within ``seconds``; those that fail are not waited for any more."""
    loop = asyncio.get_running_loop()
    end, pending = loop.time() + (seconds or 0.0), set(tasks)
    while pending:
        left = None if seconds is None else max(end - loop.time(), 0.0)
        done, pending = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if any(not task.result().reason for task in done):
            return True
        if not done:
            break
    return False


async def _end(tasks: Iterable[asyncio.Task[NodeListing]]) -> None:
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending)


def _result(exchange: Exchange, task: asyncio.Task[NodeListing] | None, now: float) -> NodeListing:
    if task is None:
        message = "left alone for a while, for it was slower than other nodes, which have answered"
        return NodeListing(exchange.endpoint, reason="timeout", message=message)
    if task.cancelled():
        exchange.backoff.lagged(now)
        message = "no full answer in time, when another node had given one"
        return NodeListing(exchange.endpoint, reason="timeout", message=message)
    listing = task.result()
    if not listing.reason:
        exchange.backoff.kept_up()
    return listing
