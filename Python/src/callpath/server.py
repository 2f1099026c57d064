"""The server's binary, started and stopped from Python."""
from __future__ import annotations

import collections
import os
import shutil
import subprocess
import threading
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Deque, List, Optional, Sequence, Union

from .errors import ServerError

if TYPE_CHECKING:
    from .client import Client

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
        check_glibc(own.with_name("glibc"))
        return str(own)
    found = shutil.which("callpath-server")
    if found:
        return found
    raise ServerError(
        "this installation has no server in it: install the wheel for Linux, or name a binary in CALLPATH_BINARY"
    )


def check_glibc(needed_file: Path) -> None:
    """Raises if the C library of this system is older than the one that the wheel's binary needs, or another one.

    pip refuses the wheel on such a system; files that came another way are found out here, before the loader's words.
    """
    if not needed_file.exists():
        return
    needed = needed_file.read_text().strip()
    try:
        found = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        found = ""
    version = found.removeprefix("glibc ")
    if not found.startswith("glibc ") or _numbers(version) < _numbers(needed):
        raise ServerError(
            f"the server in this wheel needs glibc {needed} or newer, and this system has {found or 'another C library'}: "
            "use a newer system, or name a binary that was built on this one in CALLPATH_BINARY"
        )


def _numbers(version: str) -> List[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _read_log(pipe: IO[str], lines: Deque[str]) -> None:
    for line in pipe:
        lines.append(line.rstrip("\n"))


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.terminate()


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
        # A program that ends without a word to its server does not leave it behind.
        self._end = weakref.finalize(self, _end, self._process)
        self._reader = threading.Thread(target=_read_log, args=(self._process.stderr, self._lines), daemon=True)
        self._reader.start()
        self.url = self._ready_url(start_timeout)
        self.port = int(self.url.rsplit(":", 1)[1])
        self._client: Optional["Client"] = None

    def _ready_url(self, timeout: float) -> str:
        """Waits for the line that says where the server is."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(timeout, give_up)
        timer.start()
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if " on http" not in line:
            status = self.stop()
            reason = f"it was not ready within {timeout:g} s" if late.is_set() else self._last_words(status)
            raise ServerError(f"the server did not start: {reason}")
        return line.rsplit(" on ", 1)[1].split()[0].rstrip(",")

    def _last_words(self, status: int) -> str:
        """What a shell would show: the reason, which stands before the usage."""
        lines = [line for line in self.log if line.strip()]
        errors = [line for line in lines if line.startswith("Error: ")] or lines
        if errors:
            return errors[-1].removeprefix("Error: ")
        end = f"ended with status {status}" if status >= 0 else f"was killed by signal {-status}"
        return f"it {end} and said nothing"

    @property
    def log(self) -> List[str]:
        """The last lines that the server wrote to standard error."""
        return list(self._lines)

    @property
    def client(self) -> "Client":
        """A client of this server."""
        from .client import Client

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
