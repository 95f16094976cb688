"""The flags of ``ges-exporter``, spelled as the Prometheus programs spell theirs."""

from __future__ import annotations

import argparse
import re

from ges_exporter import __version__, logs
from ges_exporter.server import split_address
from ges_exporter.web.options import TAKEN

CONFIG_FILE = "ges-exporter.yml"

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+|/")


def parser() -> argparse.ArgumentParser:
    """Returns what reads them; bad ones end the program with status 2."""
    made = argparse.ArgumentParser(
        prog="ges-exporter",
        description="A Prometheus exporter for the jobs of Huawei Cloud's Graph Engine Service (GES).",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--config.file", dest="config_file", default=CONFIG_FILE, metavar="FILE", help="default: %(default)s")
    add("--config.check", dest="config_check", action="store_true", help="check the file, print every fault, and end")
    add(
        "--web.listen-address",
        dest="web_listen_address",
        action="append",
        type=_address,
        metavar="ADDRESS",
        help="where to listen, such as :9877, 127.0.0.1:9877 or [::1]:9877; repeatable; port 0 picks a free one "
        "(default: :9877)",
    )
    add(
        "--web.config.file",
        dest="web_config_file",
        metavar="FILE",
        help="TLS and basic authentication, in the format of Prometheus' exporter-toolkit",
    )
    add(
        "--web.telemetry-path",
        dest="web_telemetry_path",
        default="/metrics",
        type=_path,
        metavar="PATH",
        help="default: %(default)s",
    )
    add(
        "--web.enable-lifecycle",
        dest="web_enable_lifecycle",
        action="store_true",
        help="allow POST /-/reload",
    )
    add(
        "--web.external-url",
        dest="web_external_url",
        default="",
        type=_url,
        metavar="URL",
        help="how people reach this exporter, for links in alerts and pages",
    )
    add("--ledger.path", dest="ledger_path", metavar="FILE", help="overrides the file; :memory: keeps nothing")
    add("--log.level", dest="log_level", choices=logs.LEVELS, default="info", help="default: %(default)s")
    add("--log.format", dest="log_format", choices=logs.FORMATS, default="logfmt", help="default: %(default)s")
    add("--once", action="store_true", help="scrape once, print the metrics, and end; 1 if a target failed")
    add("--demo", action="store_true", help="watch a built-in simulated GES; needs no configuration")
    add("--version", action="version", version=f"ges-exporter {__version__}")
    return made


def _address(text: str) -> str:
    try:
        split_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected a path such as /metrics, got {text!r}")
    if text in TAKEN or text.startswith("/-/"):
        raise argparse.ArgumentTypeError(f"expected a path of its own, got {text!r}")
    return text


def _url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"expected a URL with http or https, got {text!r}")
    return text.rstrip("/")
