"""The long-running commands: serve, worker, and dev, which runs both."""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from waitlist_appliance.cli.context import Cli, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.service_manager import start_signs_of_life

if TYPE_CHECKING:
    from waitlist_appliance.config import Config
    from waitlist_appliance.services.appliance import Appliance


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on, instead of the configured one.")
@click.option("--host", help="Address to listen on, instead of the configured one.")
@pass_cli
def serve(cli: Cli, port: int | None, host: str | None) -> None:
    """Run the web server until Ctrl-C; requests in flight are answered first."""
    hear_interrupts()
    from waitlist_appliance.cli.processes import free_or_fail

    app = cli.app
    start_logging(cli.config.log_level)
    config = replace(cli.config, host=host or cli.config.host, port=port or cli.config.port)
    free_or_fail(config.host, config.port)
    from waitlist_appliance.web import server
    from waitlist_appliance.web.app import create_app

    server.pin_to_one_cpu()
    web = create_app(app, BENCH=server.is_measured())
    signs = start_signs_of_life(
        ready=lambda: _answers(app, config) and _database_answers(app),
        alive=lambda: _answers(app, config),
        status=lambda: f"listening on {config.host}:{config.port}",
    )
    server.serve(web, config, on_stop=signs.stop if signs else None)


@click.command()
@pass_cli
def worker(cli: Cli) -> None:
    """Run the worker until Ctrl-C; running tasks are finished first."""
    hear_interrupts()
    app = cli.app
    start_logging(cli.config.log_level)
    from waitlist_appliance.worker.consumer import run

    sys.exit(run(app))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on, instead of the configured one.")
@pass_cli
def dev(cli: Cli, port: int | None) -> None:
    """Run the server and the worker together until Ctrl-C. When one of them ends, the other is stopped."""
    hear_interrupts()
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


def hear_interrupts() -> None:
    """While it starts nothing need be finished: SIGINT ends the process at once.

    A shell starts background jobs with SIGINT ignored, and a KeyboardInterrupt is lost where it meets a callback of the
    interpreter's own while modules are loaded.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _answers(app: Appliance, config: Config) -> bool:
    """Whether a thread of ours answers through the real socket: a listener alone would prove nothing."""
    return app.probes is not None and app.probes.ping(config.host, config.port) is not None


def _database_answers(app: Appliance) -> bool:
    """Whether it can be read. A lock of somebody else's does not hinder reading."""
    try:
        return bool(app.db.value("SELECT 1"))
    finally:
        app.db.close()


def start_logging(level: str) -> None:
    """Lines to stderr; systemd's journal adds the time, and is told how bad each line is."""
    from waitlist_appliance.cli.log_journal import ForJournal, is_journal
    from waitlist_appliance.cli.log_lines import Lines, quiet_libraries
    from waitlist_appliance.cli.log_once import OncePerMinute

    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(ForJournal(Lines()) if is_journal(sys.stderr) else Lines())
    to_stderr.addFilter(OncePerMinute())
    logging.basicConfig(level=level.upper(), handlers=[to_stderr])
    quiet_libraries()
