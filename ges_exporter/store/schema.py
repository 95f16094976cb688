"""The tables of the ledger's file, and the steps from each version of them to the next."""

from __future__ import annotations

import sqlite3

_FIRST = """
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    graph TEXT NOT NULL,
    plane TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (project, graph, plane)
);
CREATE TABLE accounts (
    target INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (target, number)
) WITHOUT ROWID;
CREATE TABLE imports (
    target INTEGER NOT NULL,
    graph TEXT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (target, graph)
) WITHOUT ROWID;
CREATE TABLE jobs (
    target INTEGER NOT NULL,
    id TEXT NOT NULL,
    account INTEGER NOT NULL,
    status TEXT NOT NULL,
    flags INTEGER NOT NULL,
    absent_since REAL,
    open BLOB,
    owed BLOB,
    PRIMARY KEY (target, id)
) WITHOUT ROWID;
"""

STEPS: tuple[str, ...] = (_FIRST,)
"""What leads from version n to n + 1; never changed once released."""

VERSION = len(STEPS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Brings a file of an older version up to date, within the transaction that is open."""
    for step in STEPS[version:]:
        for statement in step.split(";"):
            if statement.strip():
                connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
