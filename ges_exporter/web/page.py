"""What all pages have in common: the frame, the style, and headers that allow nothing else."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

from starlette.responses import Response

from ges_exporter import __version__
from ges_exporter.web import markup as html
from ges_exporter.web.markup import Child, Html, element
from ges_exporter.web.words import ago, moment


@cache
def style() -> str:
    """Returns the style sheet, which stands in each page: nothing else is ever loaded."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Returns the Content-Security-Policy: this style sheet, forms to here, and nothing else."""
    digest = b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; base-uri 'none'"


def render(title: str, here: str, telemetry_path: str, *content: Child) -> bytes:
    """Returns a page; ``here`` is where the link leads that stands for it. Links are relative, as proxies need them."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{title} · ges-exporter"),
        element("style", Html(style())),
    )
    links = [
        (".", "Targets"),
        ("jobs", "Jobs"),
        (telemetry_path.lstrip("/"), "Metrics"),
        ("sd", "Discovery"),
        ("config", "Configuration"),
    ]
    bar = html.nav(
        [html.a(name, href=href, aria_current="page" if href == here else None) for href, name in links],
        aria_label="Pages",
    )
    body = element(
        "body",
        element("header", html.span("ges-exporter", class_="brand"), bar),
        element("main", html.h1(title), content),
        element("footer", f"ges-exporter {__version__}"),
    )
    page = "<!doctype html>\n" + element("html", head, body, lang="en")
    return page.encode("utf-8", "replace")


def respond(page: bytes, status: int = 200) -> Response:
    """Returns the answer with a page."""
    return Response(page, status, {"Content-Security-Policy": policy()}, media_type="text/html")


def link(text: Child, path: str, **query: str) -> Html:
    """Returns a link to another page."""
    wanted = {key: value for key, value in query.items() if value}
    return html.a(text, href=f"{path}?{urlencode(wanted)}" if wanted else path)


def age(at: float, now: float) -> Html:
    """Returns how long ago something was, with the moment itself for those who point at it."""
    return html.time(ago(now - at), title=moment(at))
