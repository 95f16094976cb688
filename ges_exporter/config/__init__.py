"""The configuration: its schema as frozen values, read from a mapping or from a YAML file."""

from ges_exporter.config.configuration import Config
from ges_exporter.config.credentials import (
    AkskCredentials,
    Credentials,
    HeaderCredentials,
    NoCredentials,
    PasswordCredentials,
    TokenCredentials,
)
from ges_exporter.config.files import unreadable_files
from ges_exporter.config.load import load, parse
from ges_exporter.config.schema import (
    Discovery,
    FoundGraphs,
    Graph,
    GraphSettings,
    Histogram,
    Ledger,
    Limits,
    Management,
    Project,
    Scrape,
    Tls,
)
from ges_exporter.config.secret import Secret, is_header_value
from ges_exporter.config.secrets import secrets_of
from ges_exporter.config.targets import TargetSettings, discovery_target, graph_target, targets_of
from ges_exporter.config.thresholds import Threshold
from ges_exporter.config.units import format_duration, format_size, parse_duration, parse_size

__all__ = [
    "AkskCredentials",
    "Config",
    "Credentials",
    "Discovery",
    "FoundGraphs",
    "Graph",
    "GraphSettings",
    "HeaderCredentials",
    "Histogram",
    "Ledger",
    "Limits",
    "Management",
    "NoCredentials",
    "PasswordCredentials",
    "Project",
    "Scrape",
    "Secret",
    "TargetSettings",
    "Threshold",
    "Tls",
    "TokenCredentials",
    "discovery_target",
    "format_duration",
    "format_size",
    "graph_target",
    "is_header_value",
    "load",
    "parse",
    "parse_duration",
    "parse_size",
    "secrets_of",
    "targets_of",
    "unreadable_files",
]
