"""demo: the main job, played on a temporary box."""

from __future__ import annotations

import sys

import click

DEFAULT_PORT = 8080


@click.command()
@click.option("--once", is_flag=True, help="Play, check the final state, exit: 0 when all is well, 1 with the reason.")
@click.option("--port", type=click.IntRange(1, 65535), help=f"Default: {DEFAULT_PORT}, with --once any free one.")
def demo(once: bool, port: int | None) -> None:
    """See the main job played on a temporary box; then it stays open until Ctrl-C.

    A full restaurant, three callers, a cancellation; an offer that is ignored, one that is declined, one that is
    accepted, and the booking in the calendar. Web server and worker are real, the phones are simulated.
    """
    from waitlist_appliance.cli.processes import free_or_fail, free_port
    from waitlist_appliance.demo.narrator import Narrator
    from waitlist_appliance.demo.play import HOST, run

    chosen = port or (free_port() if once else DEFAULT_PORT)
    free_or_fail(HOST, chosen)
    sys.exit(run(chosen, once=once, narrator=Narrator(sys.stdout)))
