"""The long-running commands: serve, worker, and dev, which runs both."""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import replace

import click

from waitlist_appliance.cli.context import Cli, pass_cli
from waitlist_appliance.cli.failures import Failed


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on, instead of the configured one.")
@click.option("--host", help="Address to listen on, instead of the configured one.")
@pass_cli
def serve(cli: Cli, port: int | None, host: str | None) -> None:
    """Run the web server until Ctrl-C; requests in flight are answered first."""
    from waitlist_appliance.cli.processes import free_or_fail

    app = cli.app
    start_logging(cli.config.log_level)
    config = replace(cli.config, host=host or cli.config.host, port=port or cli.config.port)
    free_or_fail(config.host, config.port)
    from waitlist_appliance.web import server
    from waitlist_appliance.web.app import create_app

    # A shell starts background jobs with SIGINT ignored; the way to end this process must work there too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    server.pin_to_one_cpu()
    server.serve(create_app(app, BENCH=server.is_measured()), config)


@click.command()
@pass_cli
def worker(cli: Cli) -> None:
    """Run the worker until Ctrl-C; running tasks are finished first."""
    app = cli.app
    start_logging(cli.config.log_level)
    from waitlist_appliance.worker.consumer import run

    sys.exit(run(app))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on, instead of the configured one.")
@pass_cli
def dev(cli: Cli, port: int | None) -> None:
    """Run the server and the worker together until Ctrl-C. When one of them ends, the other is stopped."""
    from waitlist_appliance.cli.processes import Processes, free_or_fail

    _ = cli.app  # what is wrong with the configuration or the database is told once, here
    free_or_fail(cli.config.host, port or cli.config.port)
    with Processes(cli.config_path) as processes:
        processes.start("web", "serve", *(["--port", str(port)] if port else []))
        processes.start("worker", "worker")
        click.echo(f"web and worker are running at {cli.config.public_url} (Ctrl-C ends both)")
        ended = processes.wait()
    if ended is not None:
        raise Failed(f"{ended.name} ended by itself with exit code {ended.code}; the other was stopped")


def start_logging(level: str) -> None:
    """Lines to stderr, where systemd's journal adds the time."""
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("huey").setLevel(logging.WARNING)
    # One line per request that had to wait a moment is noise.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
