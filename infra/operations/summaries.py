"""The operators' commands on a stage, as the command line shows them. Imports nothing that starts slowly."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

AddArguments = Callable[[argparse.ArgumentParser], None]


def nothing(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def one_organization(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("organization", metavar="ORGANIZATION", help="its id")


def perhaps_an_organization(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organization", metavar="ID", help="only this organization")


SUMMARIES: Mapping[str, tuple[str, AddArguments]] = {
    "organizations": ("list the organizations, their numbers, and what stands still", nothing),
    "usage": ("show segments by organization and month, and how far our count is off", perhaps_an_organization),
    "parked": ("list an organization's messages that nobody knows the outcome of", one_organization),
    "pause": ("stop everything automated of an organization", one_organization),
    "resume": ("let an organization's automation run again", one_organization),
}
"""What each does, in words, and its arguments beside --stage and --json."""
