"""Saving plans, and believing saved ones."""

from collections.abc import Callable
from typing import Any

import click

from reconcile.cli.options.values import Duration, FilePath


def saving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of saving a plan to a command that has `reporting_options`, outside of which they belong."""
    with_key = click.option(
        "--sign-with", metavar="KEY", type=FilePath(), help="Sign the saved plan with this Ed25519 private key (PEM)."
    )
    with_out = click.option(
        "--out",
        metavar="PLAN",
        type=FilePath(),
        help="Save the plan with its evidence, for show, verify, merge and accept.",
    )
    return with_out(with_key(command))


signature_option = click.option(
    "--verify-with", metavar="KEY", type=FilePath(), help="Demand that it is signed with this Ed25519 public key (PEM)."
)
"""Of commands that believe a saved plan; they get the path as `verify_with`, None if no signature is asked for."""


def freshness_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of believing a saved plan to a command: `max_age` in seconds, `verify_with` a path or None."""
    with_age = click.option(
        "--max-age",
        type=Duration(),
        default=3600.0,
        metavar="DURATION",
        help="Demand that it is not older. Default: 1h.",
    )
    return with_age(signature_option(command))
