"""HTTP/2 frames on a bare socket, well formed or not: PyPI's hyperframe and hpack write and read them, nobody checks them."""
import socket
import ssl
import time

from hpack import Decoder, Encoder
from hyperframe.frame import (ContinuationFrame, DataFrame, ExtensionFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame,
                              PriorityFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NAMES = ["NO", "PE", "IE", "FC", "ST", "SC", "FS", "RS", "CA", "CE", "CO", "EC", "IS", "H1"]
GET = [(":method", "GET"), (":scheme", "http"), (":path", "/livez"), (":authority", "test")]
POST = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/modules/fc/call"), (":authority", "test"),
        ("content-type", "application/json")]
BODY = b'{"input": [1, 2, 3, 4]}'


def frame(kind, flags, stream, payload=b"", length=None):
    """A frame of whatever is given."""
    length = len(payload) if length is None else length
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Wire:
    """A connection: sends what it is told to, in pieces of `size` octets if that is given, and reads frames."""

    def __init__(self, port, size=None, settings={}, preface=PREFACE, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.size = size
        self.encoder, self.decoder = Encoder(), Decoder()
        self.frames = []
        self.is_closed = False
        self._rest = b""
        self._block = b""
        if preface:
            self.send(preface + SettingsFrame(0, settings=settings).serialize())

    def send(self, octets):
        try:
            if not self.size:
                return self.socket.sendall(octets)
            for start in range(0, len(octets), self.size):
                self.socket.sendall(octets[start:start + self.size])
        except OSError:
            self.is_closed = True

    def block(self, fields):
        return self.encoder.encode(fields)

    def headers(self, stream, fields, end=True, more=b"", flags=0):
        self.send(frame(1, 4 | (1 if end else 0) | flags, stream, self.block(fields) + more))

    def data(self, stream, octets=b"", end=True):
        self.send(frame(0, 1 if end else 0, stream, octets))

    def read(self, until=None, seconds=3):
        """Takes frames until one fits, the connection ends, or time is over; returns the one that fits."""
        deadline = time.monotonic() + seconds
        while True:
            while len(self._rest) >= 9:
                head, length = Frame.parse_frame_header(memoryview(self._rest[:9]))
                if len(self._rest) < 9 + length:
                    break
                head.parse_body(memoryview(self._rest[9:9 + length]))
                self._rest = self._rest[9 + length:]
                self._note(head)
                if until and until(head):
                    return head
            left = deadline - time.monotonic()
            if left <= 0 or self.is_closed:
                return None
            self.socket.settimeout(left)
            try:
                octets = self.socket.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                return None
            except OSError:
                octets = b""
            self.is_closed = not octets
            self._rest += octets

    def _note(self, head):
        self.frames.append(head)
        if isinstance(head, SettingsFrame) and "ACK" not in head.flags:
            self.send(SettingsFrame(0, flags=["ACK"]).serialize())
        if isinstance(head, (HeadersFrame, ContinuationFrame)):
            self._block += head.data
            if "END_HEADERS" in head.flags:
                head.fields = self.decoder.decode(self._block)
                self._block = b""

    def answer(self, stream, seconds=3):
        """Status, fields and body of a stream that ends well; None if it does not."""
        ends = lambda f: f.stream_id == stream and ("END_STREAM" in f.flags or isinstance(f, RstStreamFrame))  # noqa: E731
        if not any(ends(f) for f in self.frames) and not self.read(ends, seconds):
            return None
        mine = [f for f in self.frames if f.stream_id == stream]
        if any(isinstance(f, RstStreamFrame) and f.error_code for f in mine):
            return None
        blocks = [f.fields for f in mine if isinstance(f, HeadersFrame) and hasattr(f, "fields")]
        blocks = [b for b in blocks if not dict(b).get(":status", "200").startswith("1")]
        if not blocks:
            return None
        fields = dict(blocks[0])
        return int(fields[":status"]), fields, b"".join(f.data for f in mine if isinstance(f, DataFrame))

    def get(self, stream):
        self.headers(stream, GET)
        return self.answer(stream)

    def outcome(self, stream=1, seconds=3):
        """What became of a fault: `C XX` or `S XX`, `close`, or `silent`."""
        over = lambda f: isinstance(f, (GoAwayFrame, RstStreamFrame)) and (  # noqa: E731
            isinstance(f, GoAwayFrame) or f.stream_id == stream)
        found = next((f for f in self.frames if over(f)), None) or self.read(over, seconds)
        if not found:
            return "close" if self.is_closed else "silent"
        kind = "C" if isinstance(found, GoAwayFrame) else "S"
        return f"{kind} {NAMES[found.error_code]}" if found.error_code < len(NAMES) else f"{kind} {found.error_code}"

    def close(self):
        self.socket.close()


__all__ = ["Wire", "frame", "PREFACE", "GET", "POST", "BODY", "PingFrame", "PriorityFrame", "WindowUpdateFrame",
           "ExtensionFrame", "RstStreamFrame", "GoAwayFrame", "SettingsFrame", "HeadersFrame", "DataFrame"]
