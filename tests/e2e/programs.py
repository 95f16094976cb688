"""Programs that run beside the tests: started on free ports of the loopback, waited for, and stopped."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TypeVar

import httpx

T = TypeVar("T")
Process = subprocess.Popen[bytes]

_PORTS = iter(Random().sample(range(20_000, 32_000), 1000))  # noqa: S311 - others look for ports, too


def free_address() -> str:
    """A host and port of the loopback where nothing listens, and that is given to nobody else here.

    Not one of those that connections take on their own side: it stays free while what listens there is started again.
    """
    for port in _PORTS:
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return f"127.0.0.1:{port}"
    raise AssertionError("no port is free")


def program(name: str) -> str:
    """Where a program is: beside Python, or else on the path."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert path, f"{name} is needed"
    return path


@contextlib.contextmanager
def running(log: Path, *command: str) -> Iterator[Process]:
    """A program, until the block ends; what it prints is added to ``log``."""
    with (
        log.open("ab") as output,
        subprocess.Popen([program(command[0]), *command[1:]], stdout=output, stderr=output) as process,  # noqa: S603
    ):
        try:
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def asking(address: str, ready: str) -> Iterator[httpx.Client]:
    """A client of what is starting at ``address``, from when the path ``ready`` answers."""
    with httpx.Client(base_url=f"http://{address}", timeout=30) as client:

        def answers() -> bool:
            try:
                return client.get(ready).is_success
            except httpx.TransportError:
                return False

        until(answers)
        yield client


def until(found: Callable[[], T], seconds: float = 60) -> T:
    """Asks again and again until there is something; what that is. AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"nothing in {seconds:g} s"
        time.sleep(0.1)  # another process, which sends no event
    return answer
