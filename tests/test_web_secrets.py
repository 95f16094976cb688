"""No secret is told: an API that repeats all it is sent is asked, and everything that comes out is searched."""

from __future__ import annotations

import io
import json
import traceback
from contextlib import redirect_stderr
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.responses import Response

from ges_exporter import logs
from ges_exporter.errors import ConfigError
from ges_exporter.exporter import Exporter
from ges_exporter.redaction import HIDDEN, Redaction
from ges_exporter.web import Options, create_app
from ges_exporter.web.metrics import TIMEOUT_HEADER
from tests.leaking import BEHAVIOURS, SECRETS, configuration, leaking
from tests.serving import asking, exporting, listening, run
from tests.settings import parsed

pytestmark = pytest.mark.usefixtures("own_logging")

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PATHS = (
    "/metrics",
    "/probe?project=literal&graph=movie",
    "/probe?project=proxied&graph=movie",
    "/jobs",
    "/jobs?format=json",
    "/",
    "/config",
    "/sd",
    "/nope",
    "/probe?project=nope",
    "/-/healthy",
)


def told(text: str) -> list[str]:
    """The names of the secrets in a text, in whatever spelling."""
    spellings = {
        name: {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1], secret.replace("+", " ")}
        for name, secret in SECRETS.items()
    }
    return [name for name, forms in spellings.items() if any(form in text for form in forms)]


async def everything(exporter: Exporter) -> dict[str, str]:
    """All that can be asked of an exporter."""
    out: dict[str, str] = {}
    headers = {"Accept": OPENMETRICS, TIMEOUT_HEADER: "0.6"}
    async with asking(exporter, Options(enable_lifecycle=True)) as client:
        for path in PATHS:
            answer = await client.get(path, headers=headers)
            out[path] = f"{answer.status_code} {dict(answer.headers)} {answer.text}"
    return out


def inside(exporter: Exporter) -> str:
    """The representations of what a debugger, or a careless message, would show."""
    shown: list[object] = [exporter.config, exporter.redaction, exporter._keyring, exporter.config.model_dump()]
    for watch in exporter.scraper.watches.values():
        shown += [watch.settings, watch.client.settings, watch.recent.failures, watch.recent.active]
    shown += list(exporter.searches.values())
    return "\n".join(map(repr, shown))


CASES = [(name, refuses, form) for name in BEHAVIOURS for refuses, form in [(False, "logfmt")]]
CASES += [("400", True, "logfmt"), ("400", False, "json"), ("reasons", False, "json")]


@pytest.mark.parametrize(("name", "refuses", "form"), CASES)
def test_nothing_tells_a_secret(name: str, refuses: bool, form: str, tmp_path: Path) -> None:
    """Whatever goes wrong: not the pages, not their headers, not the log at its most talkative, no representation."""
    redaction, log = Redaction(), io.StringIO()

    async def main() -> tuple[dict[str, str], str]:
        app = leaking(BEHAVIOURS[name], refuses=refuses)
        async with exporting(app, configuration(tmp_path), redaction=redaction, network=True) as exporter:
            return await everything(exporter), inside(exporter)

    with redirect_stderr(log):
        logs.configure("debug", form, redaction.hide)
        out, representations = run(main)
    assert {path: names for path, text in out.items() if (names := told(text))} == {}
    assert told(log.getvalue()) == []
    assert told(representations) == []
    assert "ges_up{" in out["/metrics"]


def test_the_reasons_are_there_but_for_the_secrets(tmp_path: Path) -> None:
    """The search above would find nothing on empty pages either."""

    async def main() -> dict[str, str]:
        app = leaking(BEHAVIOURS["reasons"])
        async with exporting(app, configuration(tmp_path)) as exporter:
            return await everything(exporter)

    page = run(main)["/jobs"]
    assert "obs key &lt;secret&gt; with &lt;secret&gt; denied" in page
    assert "x-auth-token" in page


class Broken(Exporter):
    """An exporter with a bug, in the middle of its secrets."""

    async def page(self, *_arguments: object, **_options: object) -> tuple[bytes, str]:
        """Goes wrong."""
        try:
            return self._fail()
        except KeyError as error:
            raise RuntimeError(f"{SECRETS['token']} {self.config!r}") from error

    def _fail(self) -> tuple[bytes, str]:
        raise KeyError(SECRETS["password"])


@pytest.mark.parametrize("form", logs.FORMATS)
def test_a_bug_tells_no_secret(form: str, tmp_path: Path) -> None:
    """Neither the answer nor the traceback in the log, with all that led to it."""
    redaction, log = Redaction(), io.StringIO()

    async def main() -> str:
        made = configuration(tmp_path)
        async with exporting(leaking(BEHAVIOURS["400"]), made, redaction=redaction, kind=Broken) as exporter:
            app = create_app(exporter, Options())
            async with listening(app) as url, httpx.AsyncClient() as client:
                answer = await client.get(f"{url}/metrics")
                return f"{dict(answer.headers)} {answer.text}"

    with redirect_stderr(log):
        logs.configure("info", form, redaction.hide)
        answer = run(main)
    assert told(answer) == []
    assert told(log.getvalue()) == []
    assert f"RuntimeError: {HIDDEN} " in log.getvalue()
    assert f"KeyError: '{HIDDEN}'" in log.getvalue()


def test_an_error_of_the_configuration_tells_no_secret(tmp_path: Path) -> None:
    """Its traceback neither: it does not drag the values along."""
    content = configuration(tmp_path)("http://127.0.0.1:9")
    content["projects"][0]["nope"] = 1
    with pytest.raises(ConfigError) as caught:
        parsed(content)
    assert told("".join(traceback.format_exception(caught.value))) == []


def test_a_secret_at_the_cut_is_no_half_secret(tmp_path: Path) -> None:
    """A long message is cut after its secrets were hidden: no beginning of one is left."""

    def at_the_end(told: str) -> Response:
        return BEHAVIOURS["400"]("." * 490 + SECRETS["secret key of OBS"] + told)

    async def main() -> str:
        async with exporting(leaking(at_the_end), configuration(tmp_path)) as exporter:
            return "".join((await everything(exporter)).values())

    page = run(main)
    assert "." * 490 in page
    assert SECRETS["secret key of OBS"][:8] not in page
