"""How a page is decoded, whatever of it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ges_exporter.dialects.notes import Notes
from ges_exporter.dialects.salvage import UNDECODABLE, describe, without
from ges_exporter.errors import ApiError, DecodeFailed
from ges_exporter.model import GraphPage, JobPage

LONGEST_TEXT = 65536
"""Characters of an API's message that are kept."""
MOST_FAULTS = 100_000
"""Of one answer: one for each record of the largest page that any of the APIs gives. To salvage a record takes many
times as long as to read one, and meanwhile nothing else is done."""


class Envelope(msgspec.Struct, gc=False):
    """What any answer may hold beside its list: the signs of an error, in all spellings."""

    result: Any = None
    error_code: Any = None
    error_msg: Any = None
    errorCode: Any = None  # noqa: N815 - the wire's spelling
    errorMessage: Any = None  # noqa: N815 - as above

    @property
    def code(self) -> str:
        """The API's error code, or nothing."""
        return _text(self.error_code) or _text(self.errorCode)

    @property
    def message(self) -> str:
        """The API's error message, or nothing."""
        return _text(self.error_msg) or _text(self.errorMessage)


class PageReader:
    """Decodes pages, given as a generic struct over its records, with the fields ``items`` and ``total``.

    A page is decoded as a whole; msgspec stops at the first fault, so only a page that fails is decoded again record by
    record. Of a bad record the values that are not what they should be are left out; only where it is no object, or has
    no readable id or status, the record itself is.
    """

    def __init__(self, page: Any, record: Any, convert: Callable[..., Any], other_id: str = "") -> None:  # noqa: ANN401
        self._whole = msgspec.json.Decoder(page[record])
        self._raw = msgspec.json.Decoder(page[msgspec.Raw])
        self._record = msgspec.json.Decoder(record)
        self._convert = convert
        self._other_id = other_id
        self._names = {field.name: field.encode_name for field in msgspec.structs.fields(page)}
        self._fields = {field.name: field.encode_name for field in msgspec.structs.fields(record)}
        self._optional = frozenset(self._fields.values()) - {self._fields["id"], other_id, "status"}

    def read(self, body: bytes) -> tuple[list[Any], int | None, Notes]:
        """Returns the records converted, the total claimed, and what could not be read.

        Raises:
            ApiError: the body is an error, whatever its HTTP code was.
            DecodeFailed: it is not JSON, or has no list.
        """
        notes = Notes()
        try:
            page = self._whole.decode(body)
            records = page.items
        except UNDECODABLE:
            page, records = self._salvage(body, notes)
        # A message beside jobs, or beside "success", may be a greeting; a code never is.
        if page.code or page.result == "failed" or (page.message and not records and page.result != "success"):
            raise ApiError(page.message or "no message", page.code)
        if records is msgspec.UNSET:
            raise DecodeFailed(f"the answer has no {self._names['items']!r}")
        return list(self._converted(records or (), notes)), _total(page.total, notes), notes

    def read_one(self, body: bytes) -> tuple[Any, Notes]:
        """Returns the one record that a body is, and what could not be read; raises DecodeFailed if it is none."""
        notes = Notes()
        try:
            record = self._record.decode(body)
        except UNDECODABLE as fault:
            record = self._one(notes.mended(body), notes)
            if record is None:
                raise DecodeFailed(describe(fault)) from None
        for converted in self._converted([record], notes):
            return converted, notes
        raise DecodeFailed(f"the answer has no {self._fields['id']!r}")

    def _salvage(self, body: bytes, notes: Notes) -> tuple[Any, Any]:
        body = notes.mended(body)
        try:
            page = self._raw.decode(body)
        except UNDECODABLE as fault:
            if error := error_of(body):
                raise error from None
            raise DecodeFailed(describe(fault)) from None
        if not page.items:
            return page, page.items
        return page, [record for raw in page.items if (record := self._one(raw, notes)) is not None]

    def _one(self, raw: bytes | msgspec.Raw, notes: Notes) -> Any:  # noqa: ANN401 - a record
        while True:
            try:
                return self._record.decode(raw)
            except UNDECODABLE as fault:
                field = self._field_of(fault)
            notes.faults.append(field)
            if len(notes.faults) > MOST_FAULTS:
                raise DecodeFailed(f"more than {MOST_FAULTS} values of the answer cannot be read")
            fewer = without(raw, field) if field in self._optional else None
            if fewer is None:
                notes.left_out += 1
                return None
            raw = fewer

    def _converted(self, records: Any, notes: Notes) -> Any:  # noqa: ANN401 - records
        convert = self._convert
        for record in records:
            identity = record.id
            if identity is None and self._other_id:
                identity = getattr(record, self._other_id)
            if not isinstance(identity, str):
                identity = "" if identity is None or isinstance(identity, bool) else str(identity)
            if identity:
                yield convert(record, identity, notes)
            else:
                notes.faults.append(self._fields["id"])
                notes.left_out += 1

    def _field_of(self, fault: Exception) -> str:
        name = str(fault).rpartition("$.")[2].split("`")[0].split(".")[0].split("[")[0]
        return name if name in self._fields.values() else "record"


def job_page(reader: PageReader, body: bytes) -> JobPage:
    """Reads a page of jobs; raises as `PageReader.read` does."""
    jobs, total, notes = reader.read(body)
    return JobPage(jobs, total, tuple(notes.faults), notes.left_out, tuple(notes.unknown))


def single_job(reader: PageReader, body: bytes) -> JobPage:
    """Reads the answer for one job, which is a record without a page around it; returns a page of one.

    Raises:
        ApiError: the body is an error.
        DecodeFailed: it is no job.
    """
    error = error_of(body)
    if error is not None and error.code:
        raise error
    try:
        job, notes = reader.read_one(body)
    except DecodeFailed:
        if error is not None:
            raise error from None
        raise
    return JobPage([job], None, tuple(notes.faults), 0, tuple(notes.unknown))


def graph_page(reader: PageReader, body: bytes) -> GraphPage:
    """Reads a page of graphs; raises as `PageReader.read` does."""
    graphs, total, notes = reader.read(body)
    return GraphPage(graphs, total, tuple(notes.faults), notes.left_out)


_envelope = msgspec.json.Decoder(Envelope)


def error_of(body: bytes) -> ApiError | None:
    """Returns the API's error that a body tells of, if it does.

    Spellings: ``errorCode``/``errorMessage`` on the service plane and v1.0, ``error_code``/``error_msg`` on v2 and from
    the gateway.
    """
    try:
        answer = _envelope.decode(body)
    except UNDECODABLE:
        return None
    if answer.code or answer.message or answer.result == "failed":
        return ApiError(answer.message or "no message", answer.code)
    return None


def _text(value: object) -> str:
    # Cut late: half of a secret that a message repeats would not be known for one.
    return str(value)[:LONGEST_TEXT] if isinstance(value, str | int) and not isinstance(value, bool) and value else ""


def _total(value: object, notes: Notes) -> int | None:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return notes.count(value, "total")
    return None
