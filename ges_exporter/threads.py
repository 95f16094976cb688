"""Threads for work that would hold the event loop up, apart from those in which the loop looks names up.

A name server that does not answer keeps each lookup waiting for many seconds, and nothing can call it back: among such
lookups a page would never have its turn in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LOOKUPS = 128
"""So many names that hang keep no other from being looked up."""

_work = ThreadPoolExecutor(thread_name_prefix="work")


async def in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Does work that is not looking up names in a thread, and returns what comes of it."""
    return await asyncio.get_running_loop().run_in_executor(_work, lambda: work(*arguments, **named))


def allow_many_lookups() -> None:
    """Gives the running event loop threads enough for the names of many targets at the same time."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(LOOKUPS, "lookup"))
