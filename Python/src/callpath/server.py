"""The server's binary, started and stopped from Python."""
from __future__ import annotations

import collections
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Deque, List, Optional, Sequence, Union

from .client import Client
from .errors import ServerError

#: How many lines of the log are kept.
KEPT_LINES = 1000


def binary() -> str:
    """The path of the server's binary: that of CALLPATH_BINARY, the wheel's own, or the first on the PATH."""
    given = os.environ.get("CALLPATH_BINARY")
    own = Path(__file__).with_name("bin") / "callpath"
    if given:
        if not os.access(given, os.X_OK):
            raise ServerError(f"CALLPATH_BINARY: expected a program that can be run, got {given!r}")
        return given
    if own.exists():
        return str(own)
    found = shutil.which("callpath-server")
    if found:
        return found
    raise ServerError(
        "this installation has no server in it: install the wheel for Linux, or name a binary in CALLPATH_BINARY"
    )


class Server:
    """A running server: `url`, `port`, a `client`, and the last lines of its `log`. Made by `serve`."""

    def __init__(self, words: Sequence[str], start_timeout: float, stop_timeout: float) -> None:
        self._stop_timeout = stop_timeout
        self._lines: Deque[str] = collections.deque(maxlen=KEPT_LINES)
        # A log of its own options, and no variables of whoever starts it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLPATH_")}
        try:
            self._process = subprocess.Popen(
                [binary(), "serve", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment, text=True, errors="replace",
            )
        except OSError as failure:
            raise ServerError(f"the server cannot be started: {failure}") from None
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.url = self._ready_url(start_timeout)
        self.port = int(self.url.rsplit(":", 1)[1])
        self._client: Optional[Client] = None

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line.rstrip("\n"))

    def _ready_url(self, timeout: float) -> str:
        """Waits for the line that says where the server is."""
        timer = threading.Timer(timeout, self._process.kill)
        timer.start()
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if " on http" not in line:
            status = self.stop()
            # What a shell would show: the reason stands before the usage.
            errors = [text for text in self.log if text.startswith("Error: ")] or self.log
            reason = errors[-1].removeprefix("Error: ") if errors else f"it ended with status {status} and said nothing"
            raise ServerError(f"the server did not start: {reason}")
        return line.rsplit(" on ", 1)[1].split()[0].rstrip(",")

    @property
    def log(self) -> List[str]:
        """The last lines that the server wrote to standard error."""
        return list(self._lines)

    @property
    def client(self) -> Client:
        """A client of this server."""
        if self._client is None:
            self._client = Client(self.url)
        return self._client

    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def stop(self) -> int:
        """Tells the server to end, waits for it, and returns its exit status; twice is fine."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(self._stop_timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
        status = self._process.wait()
        self._reader.join(5)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return status

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"callpath.Server({self.url!r})"


def serve(
    data: Union[None, str, "os.PathLike[str]"] = None,
    models: Union[None, str, "os.PathLike[str]"] = None,
    arguments: Sequence[str] = (),
    start_timeout: float = 60,
    stop_timeout: float = 30,
) -> Server:
    """Starts a server on a free port of 127.0.0.1 and returns it when it is ready; the end of a `with` stops it.

    `data` and `models` are --data and --models, `arguments` whatever else `callpath serve --help` lists. Raises
    `ServerError` with the server's own last line if it does not start.
    """
    words = ["--port", "0"]
    if data is not None:
        words += ["--data", os.fspath(data)]
    if models is not None:
        words += ["--models", os.fspath(models)]
    return Server([*words, *map(str, arguments)], start_timeout, stop_timeout)
