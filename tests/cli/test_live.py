"""``reluctant live``: the page of a run that goes on, for this machine alone."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reluctant.cli._page_server import PageServer
from reluctant.errors import RecordingError
from reluctant.recording import Document, load, save
from reluctant.report.html import Html
from tests import recordings
from tests.observe.runs import environment

Ask = Callable[..., http.client.HTTPResponse]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    save(Document(recordings.blocked_layer()), path)
    return path


@pytest.fixture
def server(file: Path) -> Iterator[PageServer]:
    with PageServer(file, lambda: Html(follows=True).render(load(file))) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def ask(server: PageServer) -> Ask:
    def ask_for(path: str, method: str = "GET", host: str = "") -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
        return connection.getresponse()

    return ask_for


def test_the_page_is_at_its_address_and_comes_once(server: PageServer, ask: Ask) -> None:
    path = f"/{server.token}/"
    answer = ask(path)
    version = answer.getheader("X-Version")
    assert (answer.status, answer.getheader("Cache-Control")) == (200, "no-store")
    assert "64 of 64 units" in answer.read().decode()
    assert ask(f"{path}?since={version}").status == 204
    assert ask(f"{path}?since=older").status == 200


def test_a_changed_file_is_shown(server: PageServer, ask: Ask, file: Path) -> None:
    path = f"/{server.token}/"
    version = ask(path).getheader("X-Version")
    save(Document(replace(recordings.blocked_layer(), steps=4321)), file, force=True)
    answer = ask(f"{path}?since={version}")
    assert answer.status == 200
    assert "4,321" in answer.read().decode()


@pytest.mark.parametrize("content", [None, "", "{"])
def test_while_the_file_cannot_be_read_the_last_page_stays(content: str | None, server: PageServer, ask: Ask, file: Path) -> None:
    path = f"/{server.token}/"
    ask(path)
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    assert "64 of 64 units" in ask(path).read().decode()


@pytest.mark.parametrize("path", ["/", "/x/", "/{token}", "/{token}/../", "/{token}/run.json", "/{token}//etc/passwd"])
def test_every_other_address_is_refused(path: str, server: PageServer, ask: Ask) -> None:
    answer = ask(path.replace("{token}", server.token))
    assert (answer.status, answer.read()) == (404, b"")


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "localhost:1", "127.0.0.1.example.org:{port}"])
def test_another_name_for_this_machine_is_refused(host: str, server: PageServer, ask: Ask) -> None:
    assert ask(f"/{server.token}/", host=host.replace("{port}", str(server.server_port))).status == 404
    assert ask(f"/{server.token}/", host=f"localhost:{server.server_port}").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_can_be_sent(method: str, server: PageServer, ask: Ask, file: Path) -> None:
    before = file.read_bytes()
    assert ask(f"/{server.token}/", method).status == 501
    assert file.read_bytes() == before


def test_only_this_machine_is_listened_to_and_no_token_is_like_another(file: Path) -> None:
    with PageServer(file, str) as one, PageServer(file, str) as other:
        assert one.server_address[0] == other.server_address[0] == "127.0.0.1"
        assert one.token != other.token
        assert len(one.token) >= 20


def test_a_file_that_was_never_readable_is_an_error(tmp_path: Path) -> None:
    def page() -> str:
        raise RecordingError("there is no such file")

    (tmp_path / "run.json").touch()
    with PageServer(tmp_path / "run.json", page) as made, pytest.raises(RecordingError):
        made.current()


def test_the_command_tells_its_address_and_ends_with_control_c(file: Path) -> None:
    line = [sys.executable, "-m", "reluctant", "live", "run.json"]
    running = subprocess.Popen(
        line, cwd=file.parent, env=environment(), stderr=subprocess.PIPE, text=True,
        # Shells make background jobs ignore Ctrl-C, and the tests may be one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("Page: http://127.0.0.1:")
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
        assert running.stderr.read() == ""
    finally:
        running.kill()
        running.communicate()


def test_without_a_recording_it_is_said_what_to_start(reluctant: Any) -> None:
    ended = reluctant("live", "run.json")
    assert ended.exit_code == 2
    assert "Start `reluctant run -o run.json script.py` first" in ended.err


def test_the_page_follows_the_run_and_keeps_what_is_unfolded(server: PageServer, file: Path, browser: Any) -> None:
    shown = browser.new_page()
    trouble: list[str] = []
    shown.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    shown.goto(server.address)
    shown.locator("[data-follow]", has_text="following the run").wait_for()
    shown.locator("#site-2 > summary").click()
    save(Document(replace(recordings.blocked_layer(), steps=4321)), file, force=True)
    shown.locator(".figures", has_text="4,321").wait_for(timeout=8000)
    assert shown.locator("#site-2 .detail").is_visible()
    assert not trouble
    shown.close()
