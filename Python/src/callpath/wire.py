"""HTTP/1.1 as values, without a socket: a request as bytes, and an answer from what a socket gives."""
from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Dict, Generator, List, Optional, Tuple, Union
from urllib.parse import quote, unquote, urlsplit

#: What `read_answer` asks for: a line, so many bytes, or all until the connection ends.
LINE, REST = -1, -2
MAXIMUM_HEAD = 1 << 20


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


class Target:
    """Where a server is: `http://host:port/prefix`, `https://...` or `unix:///path/to.sock`."""

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        verify: Union[bool, str] = True,
        certificate: Union[None, str, Tuple[str, str]] = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "unix"):
            raise ValueError(f"expected a URL that begins with http://, https:// or unix://, got {url!r}")
        self.url = url
        self.socket: Optional[str] = unquote(parts.path) if parts.scheme == "unix" else None
        self.host, self.port = parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "unix" and not parts.hostname:
            raise ValueError(f"expected a URL with a host, got {url!r}")
        self.prefix = "" if self.socket else parts.path.rstrip("/")
        self.tls = None
        if parts.scheme == "https":
            self.tls = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
            if verify is False:
                self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
            if certificate:
                self.tls.load_cert_chain(*((certificate,) if isinstance(certificate, str) else certificate))
        if key is not None and not (key and key.isascii() and key.isprintable() and " " not in key):
            raise ValueError("expected a key of printable ASCII characters without blanks")
        lines = [f"Host: {'localhost' if self.socket else parts.netloc.rpartition('@')[2]}"]
        if key:
            lines.append(f"Authorization: Bearer {key}")
        self._fields = "\r\n".join(lines)

    def bytes_of(self, request: Request) -> bytes:
        """The request as it goes over the wire."""
        head = [f"{request.method} {self.prefix}{request.path} HTTP/1.1", self._fields]
        head += [f"{name}: {value}" for name, value in request.fields.items()]
        if request.body or request.method in ("POST", "PUT"):
            head.append(f"Content-Length: {len(request.body)}")
        return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + request.body


def segment(name: str) -> str:
    """A name as one segment of a path."""
    if not isinstance(name, str):
        raise TypeError(f"expected a name, got {type(name).__name__}")
    return quote(name, safe="")


def read_answer(method: str) -> Generator[int, bytes, Answer]:
    """Reads an answer: yields what it needs next and is sent that."""
    while True:
        version, status = _status((yield LINE))
        fields = yield from _fields()
        if status >= 200:
            break
    keeps = version == b"HTTP/1.1" and "close" not in fields.get("connection", "").lower()
    if method == "HEAD" or status in (204, 304):
        return Answer(status, fields, b"", keeps)
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return Answer(status, fields, (yield from _chunks()), keeps)
    if "content-length" in fields:
        length = int(fields["content-length"])
        return Answer(status, fields, (yield length) if length else b"", keeps)
    return Answer(status, fields, (yield REST), False)


def _status(line: bytes) -> Tuple[bytes, int]:
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ConnectionError(f"expected an answer in HTTP/1.1, got {line[:80]!r}")
    return words[0], int(words[1])


def _fields() -> Generator[int, bytes, Dict[str, str]]:
    fields: Dict[str, str] = {}
    size = 0
    while True:
        line = yield LINE
        size += len(line)
        if size > MAXIMUM_HEAD:
            raise ConnectionError("the head of the answer is larger than 1 MiB")
        if line in (b"\r\n", b"\n"):
            return fields
        name, colon, value = line.partition(b":")
        if not colon:
            raise ConnectionError(f"expected a field, got {line[:80]!r}")
        fields[name.decode("latin-1").lower()] = value.strip().decode("latin-1")


def _chunks() -> Generator[int, bytes, bytes]:
    parts: List[bytes] = []
    while True:
        line = yield LINE
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise ConnectionError(f"expected the size of a chunk, got {line[:80]!r}") from None
        if size == 0:
            yield from _fields()
            return b"".join(parts)
        parts.append((yield size))
        yield LINE
