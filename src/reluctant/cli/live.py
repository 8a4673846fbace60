"""``reluctant live``: the page of a run while it goes on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from reluctant.errors import RecordingError, UsageError
from reluctant.report.html import Html

from ._browser import open_address
from ._page_server import HOST, PageServer
from ._rule_options import judged_file, rule_options


@click.command(options_metavar="[OPTIONS]")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="Port to serve at; 0 is one that is free.  [default: 0]"
)
@rule_options
@click.argument("recording", metavar="RECORDING")
def command(recording: str, open_page: bool, port: int, select: tuple[str, ...], ignore: tuple[str, ...]) -> None:
    """Serve the report of a run as a page that follows it while it goes on.

    RECORDING is the file that `reluctant run -o run.json script.py` writes in another terminal; it is written every few
    seconds. Only this machine can read the page, and only at the address that is printed. Ctrl-C ends it.
    """

    def page() -> str:
        return Html(source=recording, follows=True).render(judged_file(recording, select, ignore))

    try:
        page()  # what cannot be shown is refused here and not in the browser
    except RecordingError as error:
        raise RecordingError(error.what, where=error.where, advice=f"Start `reluctant run -o {recording} script.py` first") from error
    try:
        server = PageServer(Path(recording), page, port)
    except OSError as error:
        raise UsageError(f"the port cannot be used: {(error.strerror or 'no reason given').lower()}", where=f"{HOST}:{port}") from error
    message = f"Page: {server.address}  (Ctrl-C ends it)"
    with server, suppress(KeyboardInterrupt):
        click.echo(open_address(server.address, message) if open_page else message, err=True)
        server.serve_forever()
