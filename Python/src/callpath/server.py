"""The server's binary, started and stopped from Python."""
from __future__ import annotations

import collections
import os
import re
import shutil
import subprocess
import threading
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Deque, Dict, List, Optional, Sequence, Union
from urllib.parse import quote, urlsplit

from .errors import ServerError

if TYPE_CHECKING:
    from .client import Client

#: How many lines of the log are kept.
KEPT_LINES = 1000
#: What stands before the places in the line of a server that is ready, and between them.
READY = " is ready on "
PLACES = r"(?: is ready on |, )(?=https?://|unix:)"
#: Addresses that listeners have and nobody can ask everywhere, with those of this machine.
OWN_HOSTS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


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
    """A running server: `url`, `port`, a `client`, and the last lines of its `log`. Made by `serve`.

    `url` is that of the first of its `urls`, a Unix socket before all others; `port` is None where it listens at no port.
    """

    def __init__(
        self, words: Sequence[str], start_timeout: float, stop_timeout: float, client: Optional[Dict[str, Any]] = None
    ) -> None:
        self._stop_timeout, self._client_options = stop_timeout, client or {}
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
        self.urls = self._ready_urls(start_timeout)
        self.url = self.urls[0]
        self.port = next((port for port in map(_port, self.urls) if port), None)
        self._client: Optional["Client"] = None

    def _ready_urls(self, timeout: float) -> List[str]:
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
        places = re.split(PLACES, line.rstrip("\n"))[1:] if READY in line else []
        if not places:
            status = self.stop()
            reason = f"it was not ready within {timeout:g} s" if late.is_set() else self._last_words(status)
            raise ServerError(f"the server did not start: {reason}")
        return [_url(place) for place in places]

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
        """A client of this server, with the key and the TLS options that `serve` was given."""
        if self._client is None:
            self._client = self.connect()
        return self._client

    def connect(self, **options: Any) -> "Client":
        """A new client of this server: `options` are those of `callpath.Client`, else what `serve` was given."""
        from .client import Client

        return Client(self.url, **{**self._client_options, **options})

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


def _url(place: str) -> str:
    """A place of the line that says where a server is, as a URL that a client on this machine can ask."""
    if place.startswith("unix:"):
        path, colon, prefix = place[5:].partition(":/")
        return f"unix://{quote(os.path.abspath(path))}{colon}{prefix}"
    return re.sub(r"//(0\.0\.0\.0|\[::\])(?=[:/])", lambda any_host: f"//{OWN_HOSTS[any_host.group(1)]}", place)


def _port(url: str) -> Optional[int]:
    return None if url.startswith("unix:") else urlsplit(url).port


def _has_port(words: Sequence[str]) -> bool:
    """Whether the server listens at a port: a socket alone is enough for it."""
    flags = {word.split("=", 1)[0] for word in words}
    return "--unix-socket" not in flags or bool(flags & {"--host", "--port"})


def serve(
    data: Union[None, str, "os.PathLike[str]"] = None,
    models: Union[None, str, "os.PathLike[str]"] = None,
    arguments: Sequence[str] = (),
    start_timeout: float = 60,
    stop_timeout: float = 30,
    key: Optional[str] = None,
    verify: Union[bool, str, "os.PathLike[str]"] = True,
    certificate: Any = None,
) -> Server:
    """Starts a server on a free port of 127.0.0.1 and returns it when it is ready; the end of a `with` stops it.

    `data` and `models` are --data and --models, `arguments` a list of whatever else `callpath serve --help` lists. With
    --unix-socket and neither --host nor --port it listens at the socket alone. `key`, `verify` and `certificate` are those of
    its `client`, where `arguments` have --keys or TLS. Raises `ServerError` with the server's own last line if it does not
    start, TypeError if `arguments` is one text.
    """
    if isinstance(arguments, (str, bytes)):
        raise TypeError(f'expected a list of arguments, such as ["--log-level", "debug"], got the text {arguments!r}')
    given = [os.fspath(word) if hasattr(word, "__fspath__") else str(word) for word in arguments]
    words = ["--port", "0"] if _has_port(given) else []
    if data is not None:
        words += ["--data", os.fspath(data)]
    if models is not None:
        words += ["--models", os.fspath(models)]
    return Server([*words, *given], start_timeout, stop_timeout, {"key": key, "verify": verify, "certificate": certificate})
