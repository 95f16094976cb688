"""A GES that repeats every secret it is sent, in whatever it answers; and the secrets to send it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

SECRETS: Mapping[str, str] = {
    "password": "Pa55word-literal",
    "password in a file": "Pa55word-from-a-file",
    "token of IAM": "MIItokenOfIam+" + "x" * 40,
    "token": "token-literal-0123",
    "token in a file": "token-from-a-file-0123",
    "header": "api-key-value-0123",
    "access key": "LTAKACCESSKEY",
    "secret key": "secretkey/with+signs=",
    "security token": "security-token-0123",
    "password of a proxy": "pr0xy p@ss",
    "access key of OBS": "HPUAABCDEFGHIJ234567",
    "secret key of OBS": "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n",
    "raw request": "raw-request-of-the-job",
}
"""What must be nowhere."""
_OBS = f"obs key {SECRETS['access key of OBS']} with {SECRETS['secret key of OBS']} denied"


def configuration(folder: Path) -> Callable[[str], dict[str, Any]]:
    """One project for each kind of credentials, with a graph and a task centre; what is read from files is there."""
    files = {name: folder / name.replace(" ", "-") for name in ("password in a file", "token in a file")}
    for name, path in files.items():
        path.write_text(SECRETS[name] + "\n")
    user = {"type": "password", "domain": "d", "username": "u"}
    kinds: dict[str, dict[str, str]] = {
        "literal": {**user, "password": SECRETS["password"]},
        "file": {**user, "password_file": str(files["password in a file"])},
        "token": {"type": "token", "token": SECRETS["token"]},
        "token-file": {"type": "token", "token_file": str(files["token in a file"])},
        "header": {"type": "header", "name": "X-Api-Key", "value": SECRETS["header"]},
        "aksk": {
            "type": "aksk",
            "access_key": SECRETS["access key"],
            "secret_key": SECRETS["secret key"],
            "security_token": SECRETS["security token"],
        },
    }

    def made(url: str) -> dict[str, Any]:
        proxy = f"http://joe:{quote(SECRETS['password of a proxy'])}@127.0.0.1:9"
        credentials = {name: kind | ({"iam_endpoint": url} if "domain" in kind else {}) for name, kind in kinds.items()}
        projects: list[dict[str, Any]] = [_project(name, url) for name in kinds]
        projects.append({"name": "proxied", "project_id": "p", "proxy": proxy, "graphs": [_graph(url)]})
        return {"ledger": {"path": ":memory:"}, "credentials": credentials, "projects": projects}

    return made


def _project(name: str, url: str) -> dict[str, Any]:
    return {
        "name": name,
        "project_id": f"id-{name}",
        "credentials": name,
        "management": {"endpoint": url},
        "graphs": [_graph(url)],
        "discovery": {"enabled": True},
    }


def _graph(url: str) -> dict[str, str]:
    return {"name": "movie", "endpoint": url}


def _all(request: Request, body: bytes) -> str:
    """All that a request brought, as careless programs write it."""
    return f"{dict(request.headers)} {json.dumps(dict(request.headers))} {request.url} {body.decode()} {_OBS}"


def _list(told: str) -> Response:
    raw = SECRETS["raw request"]
    job = {
        "jobId": "a",
        "jobType": "ImportGraph",
        "status": "failed",
        "beginTime": "2025-06-15 00:00:00",
        "endTime": "2025-06-15 00:00:10",
        "failReason": told,
        "rawRequest": raw,
        "jobDetail": {"edgesetPath": raw},
    }
    request = {"algorithmName": "pagerank", "parameters": {"password": raw}}
    jobs = [job, job | {"jobId": "b", "jobType": "Algorithm", "rawRequest": request}]
    return JSONResponse({"jobs": jobs, "jobList": jobs, "job_list": jobs, "jobCount": 2, "graphs": [], "total": 2})


def _error(status: int) -> Callable[[str], Response]:
    def answer(told: str) -> Response:
        body = {"errorMessage": told, "errorCode": "GES.8002", "error_msg": told, "error_code": "GES.8002"}
        return JSONResponse(body, status, {"Retry-After": "0", "X-Echo": "x"})

    return answer


BEHAVIOURS: Mapping[str, Callable[[str], Response]] = {
    "reasons": _list,
    "an error with 200": _error(200),
    "400": _error(400),
    "401": _error(401),
    "403": _error(403),
    "404": _error(404),
    "429": _error(429),
    "500": _error(500),
    "a page": lambda told: PlainTextResponse(f"<html>{told}</html>", media_type="text/html"),
    "no JSON": lambda told: PlainTextResponse(f'{{"jobs": [{told}', media_type="application/json"),
    "another type": lambda told: JSONResponse({"jobs": told, "jobList": told, "job_list": told}),
    "a redirect": lambda told: Response(status_code=302, headers={"Location": f"http://127.0.0.1:9/?{quote(told)}"}),
    "another encoding": lambda told: Response(told.encode(), headers={"Content-Encoding": "gzip"}),
}
"""How it answers; told is all that it was sent."""


def leaking(behaviour: Callable[[str], Response], *, refuses: bool = False) -> Starlette:
    """The application; with ``refuses`` IAM wants nobody."""

    async def tokens(request: Request) -> Response:
        told = _all(request, await request.body())
        if refuses:
            return JSONResponse({"error": {"code": 401, "title": told, "message": told}, "error_msg": told}, 401)
        return JSONResponse({"token": {"expires_at": ""}}, 201, {"X-Subject-Token": SECRETS["token of IAM"]})

    async def anything(request: Request) -> Response:
        return behaviour(_all(request, await request.body()))

    return Starlette(routes=[Route("/v3/auth/tokens", tokens, methods=["POST"]), Route("/{path:path}", anything)])
