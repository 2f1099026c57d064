"""HTTP/1.1 as values, without a socket: a request as bytes, and an answer from what a socket gives."""
from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, Dict, Generator, List, Optional, Tuple, Union
from urllib.parse import quote, unquote, urlsplit

#: What `read_answer` asks for: all up to an empty line, a line, so many bytes, or all until the connection ends.
HEAD, LINE, REST = -3, -1, -2
LONGEST_LINE, MAXIMUM_HEAD = 1 << 16, 1 << 20
END_OF_HEAD = re.compile(rb"\n\r?\n")
CUT_SHORT = "the server closed the connection before its answer was whole"


@dataclass
class Request:
    """A request, its path without the server's prefix; `repeatable` if it may be sent again when a connection dies."""

    method: str
    path: str
    fields: Dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    repeatable: bool = False


@dataclass
class Answer:
    """An answer; the names of its fields are in lower case."""

    status: int
    fields: Dict[str, str]
    body: bytes
    keeps_connection: bool


def shown(url: str) -> str:
    """A URL as it may be shown to anybody: without the user and password that may stand in it."""
    start, mark, rest = url.partition("://")
    before, at, place = rest.rpartition("@")
    return f"{start}{mark}...@{place}" if mark and at and "/" not in before else url


class Target:
    """Where a server is: `http://host:port/prefix`, `https://...` or `unix:///path/to.sock`, with a prefix `...sock:/prefix`."""

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        verify: Union[bool, str] = True,
        certificate: Union[None, str, Tuple[str, str]] = None,
    ) -> None:
        self.url = shown(url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as problem:
            raise ValueError(f"expected a URL, got {self.url!r}: {problem}") from None
        if parts.scheme not in ("http", "https", "unix"):
            raise ValueError(f"expected a URL that begins with http://, https:// or unix://, got {self.url!r}")
        self.socket: Optional[str] = None
        self.prefix = parts.path.rstrip("/")
        if parts.scheme == "unix":
            if parts.netloc or not parts.path.strip("/"):
                raise ValueError(f"expected the path of a socket, as unix:///path/to.sock, got {self.url!r}")
            path, colon, prefix = parts.path.rpartition(":/")
            self.socket = unquote(path if colon else parts.path)
            self.prefix = f"/{prefix}".rstrip("/") if colon else ""
        elif not parts.hostname:
            raise ValueError(f"expected a URL with a host, got {self.url!r}")
        self.host, self.port = parts.hostname or "localhost", port or (443 if parts.scheme == "https" else 80)
        self.tls = self._context(verify, certificate) if parts.scheme == "https" else None
        if key is not None and not (key and key.isascii() and key.isprintable() and " " not in key):
            raise ValueError("expected a key of printable ASCII characters without blanks" + ("" if key else ", got an empty one"))
        lines = [f"Host: {'localhost' if self.socket else parts.netloc.rpartition('@')[2]}"]
        if key:
            lines.append(f"Authorization: Bearer {key}")
        self._fields = "\r\n".join(lines)

    @staticmethod
    def _context(verify: Any, certificate: Any) -> ssl.SSLContext:
        """What is believed and shown; what is wrong with a file is said with its name."""
        files = () if certificate is None else (certificate,) if isinstance(certificate, (str, os.PathLike)) else tuple(certificate)
        try:
            authorities = None if isinstance(verify, bool) else os.fspath(verify)
            context = ssl.create_default_context(cafile=authorities)
        except TypeError:
            raise TypeError(f"verify: expected True, False or a file of authorities, got {type(verify).__name__}") from None
        except OSError as failure:
            raise _of_file(failure, "verify", verify) from None
        if verify is False:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if not files:
            return context
        try:
            context.load_cert_chain(*files, password=_no_pass_phrase)
        except OSError as failure:
            raise _of_file(failure, "certificate", *files) from None
        return context

    def failed(self, failure: BaseException, timeout: Optional[float]) -> BaseException:
        """An error of a connection, with the place, and the time where it ran out."""
        if not isinstance(failure, OSError) or isinstance(failure, socket.timeout) and failure.errno is None:
            return TimeoutError(f"{self.url}: no answer within {timeout} s")
        if failure.strerror and self.url not in failure.strerror:
            failure.strerror = f"{self.url}: {failure.strerror}"
        elif not failure.strerror and self.url not in str(failure):
            failure.args = (f"{self.url}: {failure or 'the connection broke'}",)
        return failure

    def nobody(self, failure: OSError) -> OSError:
        """The error of a connection to where nobody listens, with the place."""
        words = f"no server answers at {self.url}: is `callpath serve` running there?"
        return type(failure)(failure.errno, f"{words} ({os.strerror(failure.errno or 0)})")

    def bytes_of(self, request: Request) -> bytes:
        """The request as it goes over the wire."""
        head = [f"{request.method} {self.prefix}{request.path} HTTP/1.1", self._fields]
        head += [f"{name}: {value}" for name, value in request.fields.items()]
        if request.body or request.method in ("POST", "PUT"):
            head.append(f"Content-Length: {len(request.body)}")
        return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + request.body


def _no_pass_phrase() -> str:
    # Else OpenSSL asks whoever sits at the terminal, and a test waits for ever.
    raise ValueError("certificate: the key needs a pass phrase, and nobody is asked for one: name a plain key")


def _of_file(failure: OSError, argument: str, *files: Any) -> OSError:
    names = " and ".join(repr(os.fspath(file)) for file in files)
    reason = failure.strerror or failure
    return type(failure)(failure.errno, f"{argument}: cannot use {names}: {reason}")


def segment(name: str) -> str:
    """A name as one segment of a path."""
    if not isinstance(name, str):
        raise TypeError(f"expected a name, got {type(name).__name__}")
    return quote(name, safe="")


def read_answer(method: str) -> Generator[int, bytes, Answer]:
    """Reads an answer: yields what it needs next and is sent that, or less where the connection ended."""
    while True:
        first, *lines = _lines((yield HEAD))
        version, status = _status(first)
        if status >= 200:
            break
    fields = _fields(lines)
    keeps = version == "HTTP/1.1" and "close" not in fields.get("connection", "").lower()
    if method == "HEAD" or status in (204, 304):
        return Answer(status, fields, b"", keeps)
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return Answer(status, fields, (yield from _chunks()), keeps)
    if "content-length" in fields:
        return Answer(status, fields, (yield from _bytes(_size(fields["content-length"], 10))), keeps)
    return Answer(status, fields, (yield REST), False)


def _lines(head: bytes) -> List[str]:
    """The lines of a head, which ends with an empty one."""
    if not head.endswith((b"\n\r\n", b"\n\n")) and head not in (b"\r\n", b"\n"):
        if len(head) >= LONGEST_LINE:
            raise ConnectionError("the head of the answer is larger than 1 MiB, or has a line of more than 64 KiB")
        raise ConnectionResetError(CUT_SHORT)
    return head.decode("latin-1").split("\n")[:-2]


def _status(line: str) -> Tuple[str, int]:
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise ConnectionError(f"expected an answer in HTTP/1.1, got {line[:80]!r}")
    return words[0], int(words[1])


def _fields(lines: List[str]) -> Dict[str, str]:
    fields: Dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ConnectionError(f"expected a field, got {line[:80]!r}")
        fields[name.lower()] = value.strip()
    return fields


def _bytes(count: int) -> Generator[int, bytes, bytes]:
    data = (yield count) if count else b""
    if len(data) < count:
        raise ConnectionResetError(CUT_SHORT)
    return data


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError:
        size = -1
    if size < 0:
        raise ConnectionError(f"expected the size of a body or a chunk, got {text[:80]!r}")
    return size


def _chunks() -> Generator[int, bytes, bytes]:
    parts: List[bytes] = []
    while True:
        line = yield LINE
        if not line.endswith(b"\n"):
            raise ConnectionResetError(CUT_SHORT)
        size = _size(line.split(b";")[0].strip().decode("latin-1"), 16)
        if size == 0:
            _lines((yield HEAD))
            return b"".join(parts)
        parts.append((yield from _bytes(size)))
        yield LINE
