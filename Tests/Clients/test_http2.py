"""HTTP/2 and HPACK as RFC 9113 and 7541 have them: h2spec's cases, told again with frames on bare sockets."""
import http.client
import json
import socket
import ssl
import struct

import h2.config
import h2.connection
import h2.events
import pytest
from http2_wire import (BODY, GET, POST, PREFACE, DataFrame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame,
                        SettingsFrame, Wire, frame)
from conftest import REPOSITORY
from server import Server

POST_HEADERS = POST + [("content-length", str(len(BODY)))]


def u32(number):
    return struct.pack(">I", number)


def setting(number, value):
    return struct.pack(">HI", number, value)


def without(name):
    return [field for field in GET if field[0] != name]


def ping(wire):
    wire.send(frame(6, 0, 0, b"whatever"))
    return wire.read(lambda f: isinstance(f, PingFrame) and "ACK" in f.flags)


@pytest.fixture(params=[None, 1], ids=["whole", "octet by octet"])
def wire(server, request):
    wire = Wire(server.port, size=request.param)
    yield wire
    wire.close()


# What is accepted.

def test_settings_come_first_and_are_acknowledged(wire):
    assert wire.read(lambda f: isinstance(f, SettingsFrame) and "ACK" in f.flags)
    first = wire.frames[0]
    assert isinstance(first, SettingsFrame)
    assert first.settings[3] == 128 and first.settings[4] == 1 << 20 and first.settings[6] == 32768


def test_methods_are_answered(wire):
    assert wire.get(1)[0] == 200
    wire.headers(3, [(":method", "HEAD")] + GET[1:])
    status, fields, body = wire.answer(3)
    assert (status, body, int(fields["content-length"])) == (200, b"", 17)
    wire.headers(5, POST_HEADERS, end=False)
    wire.data(5, BODY)
    assert wire.answer(5)[0] == 200
    wire.headers(7, POST, end=False)
    wire.data(7, BODY, end=False)
    wire.headers(7, [("x-trailer", "a")])
    assert wire.answer(7)[0] == 200


ACCEPTED = {
    "data in several frames": lambda w: (w.headers(1, POST, end=False), [w.data(1, BODY[i:i + 5], end=False) for i in
                                         range(0, len(BODY), 5)], w.data(1)),
    "padded data": lambda w: (w.headers(1, POST, end=False), w.send(frame(0, 9, 1, b"\x07" + BODY + bytes(7)))),
    "padded headers": lambda w: w.send(frame(1, 4 | 1 | 8, 1, b"\x05" + w.block(GET) + bytes(5))),
    "headers with priority": lambda w: w.send(frame(1, 4 | 1 | 0x20, 1, u32(0x80000000 | 3) + b"\xff" + w.block(GET))),
    "one continuation": lambda w: w.send((lambda b: frame(1, 1, 1, b[:3]) + frame(9, 4, 1, b[3:]))(w.block(GET))),
    "several continuations": lambda w: w.send((lambda b: frame(1, 1, 1, b[:1]) + b"".join(
        frame(9, 0, 1, b[i:i + 1]) for i in range(1, 5)) + frame(9, 4, 1, b[5:]))(w.block(GET))),
    "priority on idle, then a lower stream": lambda w: (w.send(frame(2, 0, 5, u32(0) + b"\x00")), w.headers(1, GET)),
    "priority, exclusive": lambda w: (w.send(frame(2, 0, 1, u32(0x80000000) + b"\xff")), w.headers(1, GET)),
    "unknown frame": lambda w: (w.send(frame(0xbe, 0xff, 0, b"abc")), w.headers(1, GET)),
    "undefined flags": lambda w: (w.send(frame(6, 0x16, 0, bytes(8))), w.headers(1, GET)),
    "reserved bit": lambda w: (w.send(frame(6, 0, 0x80000000, bytes(8))), w.headers(1, GET)),
    "unknown setting": lambda w: (w.send(frame(4, 0, 0, setting(0xff, 1))), w.headers(1, GET)),
    "one setting twice": lambda w: (w.send(frame(4, 0, 0, setting(4, 10) + setting(4, 65535))), w.headers(1, GET)),
    "window update": lambda w: (w.send(frame(8, 0, 0, u32(100))), w.headers(1, POST, end=False),
                                w.send(frame(8, 0, 1, u32(100))), w.data(1, BODY)),
    "a ping that is an answer": lambda w: (w.send(frame(6, 1, 0, bytes(8))), w.headers(1, GET)),
    "unknown error code in a reset": lambda w: (w.headers(3, POST, end=False), w.send(frame(3, 0, 3, u32(0xff))),
                                               w.headers(5, GET)),
    "16384 octets of data": lambda w: (w.headers(1, POST, end=False), w.data(1, BODY + b" " * (16384 - len(BODY)))),
    "literal, never indexed": lambda w: w.send(frame(1, 5, 1, b"\x82\x86\x10\x05:path\x06/livez\x01\x04test")),
    "literal, indexed": lambda w: w.send(frame(1, 5, 1, b"\x82\x86\x44\x06/livez\x41\x04test")),
    "two size updates": lambda w: w.send(frame(1, 5, 1, b"\x20\x3f\xe1\x1f\x82\x86\x44\x06/livez\x41\x04test")),
    "te: trailers": lambda w: w.headers(1, GET + [("te", "trailers")]),
    "Host as :authority": lambda w: w.headers(1, GET + [("host", "test")]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(wire, name):
    ACCEPTED[name](wire)
    stream = 5 if "reset" in name else 1
    assert wire.answer(stream)[0] == 200


# What is answered on the stream, with the statuses of HTTP/1.1.

ANSWERED = {
    "another Host": (GET + [("host", "other")], 400),
    "bad percent-encoding": (GET[:2] + [(":path", "/%zz"), GET[3]], 400),
    "long path": (GET[:2] + [(":path", "/" + "a" * 9000), GET[3]], 414),
    "large head": (GET + [("x", "a" * 20000), ("y", "b" * 20000)], 431),
    "many fields": (GET + [(f"x{i}", "") for i in range(200)], 431),
    "announced body": (POST + [("content-length", str(1 << 40))], 413),
    "expectation": (GET + [("expect", "the worst")], 417),
    "unknown": (GET[:2] + [(":path", "/nowhere"), GET[3]], 404),
    "CONNECT": ([(":method", "CONNECT"), (":authority", "test:80")], 501),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_answers_on_the_stream_and_lives_on(server, name):
    fields, expected = ANSWERED[name]
    wire = Wire(server.port)
    block = wire.block(fields)
    pieces = [block[i:i + 16000] for i in range(0, len(block), 16000)]
    for index, piece in enumerate(pieces):
        last = 4 if index == len(pieces) - 1 else 0
        end = 1 if "content-length" not in dict(fields) else 0
        wire.send(frame(9, last, 1, piece) if index else frame(1, last | end, 1, piece))
    status, fields, body = wire.answer(1)
    assert status == expected
    assert fields["content-type"] == "application/problem+json" and body.startswith(b"{")
    assert wire.get(3)[0] == 200
    wire.close()


def test_a_body_beyond_the_limit_is_refused_while_it_comes(server):
    wire = Wire(server.port)
    wire.headers(1, POST, end=False)
    wire.read(lambda f: isinstance(f, SettingsFrame) and "ACK" in f.flags)
    sent = 0
    while sent < 80 << 20 and not any(isinstance(f, HeadersFrame) for f in wire.frames):
        for _ in range(16):
            wire.data(1, bytes(16384), end=False)
            sent += 16384
        wire.read(lambda f: True, seconds=0.05 if sent % (1 << 20) else 0.2)
    assert wire.answer(1)[0] == 413
    assert any(isinstance(f, RstStreamFrame) and f.error_code == 0 for f in wire.frames) or wire.read(
        lambda f: isinstance(f, RstStreamFrame) and f.error_code == 0)
    wire.close()


def test_expect_continue(server):
    wire = Wire(server.port)
    wire.headers(1, POST + [("expect", "100-continue")], end=False)
    first = wire.read(lambda f: isinstance(f, HeadersFrame))
    assert dict(first.fields)[":status"] == "100"
    wire.data(1, BODY)
    assert wire.answer(1)[0] == 200
    wire.close()


# What is refused. `C XX`: GOAWAY and close; `S XX`: RST_STREAM, for which GOAWAY may stand (9113 5.4.1).

OPEN = lambda w: w.headers(1, POST, end=False)  # noqa: E731


def closed(w):
    w.headers(1, GET)
    w.answer(1)


def reset(w):
    OPEN(w)
    w.send(frame(3, 0, 1, u32(8)))


def half_closed(w):
    w.send(frame(4, 0, 0, setting(4, 0)))
    w.headers(1, GET)


REFUSED = {
    "13 data beyond the largest frame": (lambda w: (OPEN(w), w.data(1, bytes(16385))), "S FS"),
    "13 headers beyond the largest frame": (lambda w: w.send(frame(1, 5, 1, bytes(16385))), "C FS"),
    "14 a block that does not decode": (lambda w: w.send(frame(1, 5, 1, b"\xff\xff\xff\xff\xff\xff")), "C CE"),
    "15 priority within a block": (lambda w: w.send(frame(1, 1, 1, w.block(GET)) + frame(2, 0, 1, bytes(5))), "C PE"),
    "15 other headers within a block": (lambda w: w.send(frame(1, 1, 1, w.block(GET)) + frame(1, 5, 3, b"\x82")), "C PE"),
    "16 data on idle": (lambda w: w.data(1, b"a"), "C PE"),
    "16 reset on idle": (lambda w: w.send(frame(3, 0, 1, u32(8))), "C PE"),
    "16 window update on idle": (lambda w: w.send(frame(8, 0, 1, u32(8))), "C PE"),
    "16 continuation on idle": (lambda w: w.send(frame(9, 4, 1, b"\x82")), "C PE"),
    "17 data on half-closed": (lambda w: (half_closed(w), w.data(1, b"a")), "S SC"),
    "17 headers on half-closed": (lambda w: (half_closed(w), w.headers(1, GET)), "S SC"),
    "18 continuation on half-closed": (lambda w: (half_closed(w), w.send(frame(9, 4, 1, b"\x82"))), "C PE"),
    "19 continuation after a reset": (lambda w: (reset(w), w.send(frame(9, 4, 1, b"\x82"))), "C PE"),
    "20 headers after the end": (lambda w: (closed(w), w.headers(1, GET)), "C SC"),
    "20 continuation after the end": (lambda w: (closed(w), w.send(frame(9, 4, 1, b"\x82"))), "C PE"),
    "21 even stream": (lambda w: w.headers(2, GET), "C PE"),
    "24 headers that depend on themselves": (lambda w: w.send(frame(1, 0x25, 1, u32(1) + b"\x00" + w.block(GET))), "S PE"),
    "24 priority that depends on itself": (lambda w: w.send(frame(2, 0, 1, u32(1) + b"\x00")), "S PE"),
    "26 extension within a block": (lambda w: w.send(frame(1, 1, 1, w.block(GET)) + frame(0xbe, 0, 0)), "C PE"),
    "27 data on stream 0": (lambda w: w.data(0, b"a"), "C PE"),
    "27 padding as long as the payload": (lambda w: (OPEN(w), w.send(frame(0, 9, 1, b"\x05abcde"[:5]))), "C PE"),
    "29 headers on stream 0": (lambda w: w.headers(0, GET), "C PE"),
    "29 padding too long": (lambda w: w.send(frame(1, 0xd, 1, b"\xff\x82")), "C PE"),
    "30 priority on stream 0": (lambda w: w.send(frame(2, 0, 0, bytes(5))), "C PE"),
    "30 priority of 4 octets": (lambda w: w.send(frame(2, 0, 1, bytes(4))), "S FS"),
    "31 reset on stream 0": (lambda w: w.send(frame(3, 0, 0, u32(8))), "C PE"),
    "31 reset of 3 octets": (lambda w: (OPEN(w), w.send(frame(3, 0, 1, bytes(3)))), "C FS"),
    "32 settings ACK with a payload": (lambda w: w.send(frame(4, 1, 0, setting(4, 9))), "C FS"),
    "32 settings of 5 octets": (lambda w: w.send(frame(4, 0, 0, bytes(5))), "C FS"),
    "32 settings on a stream": (lambda w: w.send(frame(4, 0, 1, b"")), "C PE"),
    "33 ENABLE_PUSH 2": (lambda w: w.send(frame(4, 0, 0, setting(2, 2))), "C PE"),
    "33 MAX_FRAME_SIZE 16383": (lambda w: w.send(frame(4, 0, 0, setting(5, 16383))), "C PE"),
    "33 MAX_FRAME_SIZE 2^24": (lambda w: w.send(frame(4, 0, 0, setting(5, 1 << 24))), "C PE"),
    "34 INITIAL_WINDOW_SIZE 2^31": (lambda w: w.send(frame(4, 0, 0, setting(4, 1 << 31))), "C FC"),
    "37 push promise": (lambda w: w.send(frame(5, 4, 1, u32(2) + b"\x82")), "C PE"),
    "39 ping on a stream": (lambda w: w.send(frame(6, 0, 1, bytes(8))), "C PE"),
    "39 ping of 7 octets": (lambda w: w.send(frame(6, 0, 0, bytes(7))), "C FS"),
    "40 goaway on a stream": (lambda w: w.send(frame(7, 0, 1, bytes(8))), "C PE"),
    "41 window update of 0": (lambda w: w.send(frame(8, 0, 0, u32(0))), "C PE"),
    "41 window update of 0 on a stream": (lambda w: (OPEN(w), w.send(frame(8, 0, 1, u32(0)))), "S PE"),
    "41 window update of 3 octets": (lambda w: w.send(frame(8, 0, 0, bytes(3))), "C FS"),
    "43 the connection's window beyond 2^31-1": (lambda w: w.send(frame(8, 0, 0, u32((1 << 31) - 1)) * 2), "C FC"),
    "43 a stream's window beyond 2^31-1": (lambda w: (OPEN(w), w.send(frame(8, 0, 1, u32((1 << 31) - 1)) * 2)), "S FC"),
    "45 headers, data": (lambda w: w.send(frame(1, 0, 1, w.block(POST)) + frame(0, 0, 1, b"a")), "C PE"),
    "45 continuation on 0": (lambda w: w.send(frame(1, 1, 1, w.block(GET)) + frame(9, 4, 0)), "C PE"),
    "47 second headers without an end": (lambda w: (OPEN(w), w.headers(1, [("x", "a")], end=False)), "S PE"),
    "48 upper case": (lambda w: w.headers(1, GET, more=b"\x00\x01X\x01a"), "S PE"),
    "49 NUL in a value": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x01\x00"), "S PE"),
    "49 LF in a value": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x03a\nb"), "S PE"),
    "49 CR in a value": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x03a\rb"), "S PE"),
    "49 a blank before a value": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x02 a"), "S PE"),
    "49 a blank behind a value": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x02a "), "S PE"),
    "49 colon in a name": (lambda w: w.headers(1, GET, more=b"\x00\x03x:y\x01a"), "S PE"),
    "49 blank in a name": (lambda w: w.headers(1, GET, more=b"\x00\x03x y\x01a"), "S PE"),
    "50 connection": (lambda w: w.headers(1, GET + [("connection", "close")]), "S PE"),
    "50 keep-alive": (lambda w: w.headers(1, GET + [("keep-alive", "1")]), "S PE"),
    "50 proxy-connection": (lambda w: w.headers(1, GET + [("proxy-connection", "close")]), "S PE"),
    "50 transfer-encoding": (lambda w: w.headers(1, POST + [("transfer-encoding", "chunked")], end=False), "S PE"),
    "50 upgrade": (lambda w: w.headers(1, GET + [("upgrade", "h2c")]), "S PE"),
    "50 te: gzip": (lambda w: w.headers(1, GET + [("te", "gzip")]), "S PE"),
    "51 unknown pseudo-field": (lambda w: w.headers(1, GET + [(":protocol", "a")]), "S PE"),
    "51 pseudo-field of an answer": (lambda w: w.headers(1, GET + [(":status", "200")]), "S PE"),
    "51 pseudo-field after others": (lambda w: w.headers(1, GET[:3] + [("x", "a"), GET[3]]), "S PE"),
    "51 pseudo-field in trailers": (lambda w: (OPEN(w), w.headers(1, [(":method", "GET")])), "S PE"),
    "52 no authority": (lambda w: w.headers(1, without(":authority")), "S PE"),
    "52 an authority that is none": (lambda w: w.headers(1, GET[:3] + [(":authority", "a b")]), "S PE"),
    "52 no method": (lambda w: w.headers(1, without(":method")), "S PE"),
    "52 no scheme": (lambda w: w.headers(1, without(":scheme")), "S PE"),
    "52 no path": (lambda w: w.headers(1, without(":path")), "S PE"),
    "52 two methods": (lambda w: w.headers(1, GET[:1] + GET), "S PE"),
    "52 two schemes": (lambda w: w.headers(1, [GET[1]] + GET), "S PE"),
    "52 two paths": (lambda w: w.headers(1, [GET[2]] + GET), "S PE"),
    "52 empty path": (lambda w: w.headers(1, without(":path") + [(":path", "")]), "S PE"),
    "53 content-length too small": (lambda w: (w.headers(1, POST + [("content-length", "1")], end=False), w.data(1, b"ab")),
                                    "S PE"),
    "53 content-length too large": (lambda w: (w.headers(1, POST + [("content-length", "5")], end=False),
                                               w.data(1, b"a", end=False), w.data(1, b"b")), "S PE"),
    "56 index 0": (lambda w: w.send(frame(1, 5, 1, b"\x80")), "C CE"),
    "56 index beyond the tables": (lambda w: w.send(frame(1, 5, 1, b"\xff\x00")), "C CE"),
    "56 name index beyond the tables": (lambda w: w.send(frame(1, 5, 1, b"\x7f\x00\x01a")), "C CE"),
    "57 size update at the end": (lambda w: w.headers(1, GET, more=b"\x20"), "C CE"),
    "57 size update above the limit": (lambda w: w.send(frame(1, 5, 1, b"\x3f\xff\xff\x03\x82")), "C CE"),
    "58 Huffman padding over 7 bits": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x82\x1f\xff\xff"[:7]), "C CE"),
    "58 EOS": (lambda w: w.headers(1, GET, more=b"\x00\x01x\x84\xff\xff\xff\xfc"), "C CE"),
    "59 integer without end": (lambda w: w.headers(1, GET, more=b"\xff\xff\xff\xff\xff\xff\xff\xff"), "C CE"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(wire, name):
    act, expected = REFUSED[name]
    act(wire)
    outcome = wire.outcome()
    allowed = {expected}
    if expected == "S SC" or expected == "C SC":
        allowed |= {"S SC", "C SC", "C PE"}
    if expected.startswith("S"):
        allowed.add("C" + expected[1:])
    if name.startswith(("18", "19", "20")):
        allowed |= {"C SC", "C PE", "S SC"}
    assert outcome in allowed
    if outcome.startswith("C"):
        wire.read(seconds=2)
        assert wire.is_closed
    else:
        assert wire.get(101)[0] == 200


@pytest.mark.parametrize("preface", [PREFACE[:-1] + b"X", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"PRI * HTTP/1.1\r\n\r\n"])
def test_a_wrong_preface_ends_the_connection(server, preface):
    wire = Wire(server.port, preface=None)
    wire.send(preface)
    wire.socket.settimeout(5)
    answer = b""
    try:
        while piece := wire.socket.recv(4096):
            answer += piece
            if b"\r\n\r\n" in answer and b"HTTP/1.1 501" in answer:
                break
    except ConnectionResetError:
        pass
    assert answer.split(b" ")[1] in (b"400", b"404", b"405", b"501", b"505")
    wire.close()


def test_a_lower_stream_is_refused(server):
    wire = Wire(server.port)
    wire.headers(5, GET)
    assert wire.answer(5)
    wire.headers(3, GET)
    assert wire.outcome(3) in ("C PE", "C SC", "S SC")
    wire.close()


def test_more_streams_than_agreed_are_refused(server):
    wire = Wire(server.port)
    wire.read(lambda f: isinstance(f, SettingsFrame) and "ACK" in f.flags)
    for stream in range(1, 2 * 128 + 1, 2):
        wire.headers(stream, POST, end=False)
    wire.headers(257, GET)
    assert wire.outcome(257) in ("S RS", "C PE")
    wire.close()


def test_a_window_of_one_octet_gives_one_octet(server):
    wire = Wire(server.port, settings={4: 1})
    wire.headers(1, GET)
    first = wire.read(lambda f: isinstance(f, DataFrame))
    assert len(first.data) == 1
    wire.send(frame(8, 0, 1, u32(100)))
    assert len(wire.answer(1)[2]) == 17
    wire.close()


def test_a_window_that_is_negative_waits(server):
    wire = Wire(server.port, settings={4: 3})
    wire.headers(1, GET)
    assert len(wire.read(lambda f: isinstance(f, DataFrame)).data) == 3
    wire.send(frame(4, 0, 0, setting(4, 2)))
    wire.send(frame(8, 0, 1, u32(1)))
    assert wire.read(lambda f: isinstance(f, DataFrame), seconds=0.3) is None
    wire.send(frame(8, 0, 1, u32(1)))
    assert len(wire.read(lambda f: isinstance(f, DataFrame)).data) == 1
    wire.send(frame(4, 0, 0, setting(4, 100)))
    assert len(wire.answer(1)[2]) == 17
    wire.close()


def test_a_ping_is_answered(wire):
    assert ping(wire).opaque_data == b"whatever"


def test_goaway_of_a_client_is_followed(server):
    wire = Wire(server.port)
    wire.headers(1, POST, end=False)
    wire.send(frame(7, 0, 0, u32(0) + u32(0xff)))
    wire.data(1, BODY)
    assert wire.answer(1)[0] == 200
    wire.read(seconds=3)
    assert wire.is_closed
    wire.close()


def test_an_upgrade_is_ignored(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                       b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(PREFACE)
        assert client.recv(4096).startswith(b"HTTP/1.1 505")


def test_h2_and_a_hundred_streams(server):
    """PyPI's own client has nothing to complain of."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        for index in range(100):
            stream = 2 * index + 1
            connection.send_headers(stream, POST)
            connection.send_data(stream, BODY, end_stream=True)
        client.sendall(connection.data_to_send())
        ended, bodies = set(), {}
        while len(ended) < 100:
            for event in connection.receive_data(client.recv(65536)):
                if isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, h2.events.StreamEnded):
                    ended.add(event.stream_id)
            client.sendall(connection.data_to_send())
    assert len(set(bodies.values())) == 1


def test_answers_are_those_of_http1(server):
    """Octet for octet, but for the fields of the connection, the date and what names the request."""
    cases = [("GET", "/v1/modules/fc", None, {}), ("GET", "/v1/modules", None, {}), ("GET", "/v2", None, {}),
             ("GET", "/v2/models/fc", None, {}), ("GET", "/nowhere", None, {}), ("DELETE", "/v1/modules/none", None, {}),
             ("POST", "/v1/modules/fc/call", BODY, {}), ("POST", "/v1/modules/fc/call", b"{", {}),
             ("POST", "/v1/modules/fc/call", b'{"input": [1]}', {}), ("GET", "/v1/modules/fc", None, {"accept": "text/plain"}),
             ("GET", "/v1/modules/digits/state_dict", None, {"accept-encoding": "gzip"}),
             ("GET", "/v1/modules/digits/state_dict", None, {}), ("OPTIONS", "/v1/modules/fc", None, {}),
             ("HEAD", "/v1/modules/fc", None, {}), ("GET", "/openapi.json", None, {}), ("TRACE", "/", None, {}),
             ("GET", "/v1/modules/fc", None, {"if-none-match": "*"}), ("GET", "/", None, {"accept": "text/html"}),
             ("PATCH", "/v1/modules/fc", b"{}", {"content-type": "text/plain"}), ("GET", "/version", None, {})]
    wire = Wire(server.port, settings={4: 1 << 24})
    wire.send(frame(8, 0, 0, u32(1 << 24)))
    own = {"date", "x-request-id", "connection", "transfer-encoding", ":status"}
    for index, (method, path, body, extra) in enumerate(cases):
        fields = {"content-type": "application/json", **extra} if body else extra
        plain = http.client.HTTPConnection("127.0.0.1", server.port)
        plain.request(method, path, body, {"host": "test", **fields})
        old = plain.getresponse()
        old_body = old.read()
        stream = 2 * index + 1
        wire.headers(stream, [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
                              *fields.items()], end=body is None)
        if body:
            wire.data(stream, body)
        status, new, new_body = wire.answer(stream)
        ignore = lambda pairs: {k.lower(): v for k, v in pairs if k.lower() not in own}  # noqa: E731
        assert (status, ignore(new.items())) == (old.status, ignore(old.getheaders())), (method, path)
        if old_body[:1] == b"{" and b"request_id" in old_body:
            drop = lambda b: {k: v for k, v in json.loads(b).items() if k not in ("request_id", "instance")}  # noqa: E731
            assert drop(new_body) == drop(old_body), (method, path)
        else:
            assert new_body == old_body, (method, path)
        plain.close()
    wire.close()


def test_the_last_frame_says_which_stream_was_last(server):
    wire = Wire(server.port)
    wire.get(1)
    wire.send(frame(6, 0, 0, bytes(7)))
    last = wire.read(lambda f: isinstance(f, GoAwayFrame))
    assert last.last_stream_id == 1
    wire.close()


FIXTURES = REPOSITORY / "Tests/HTTPServerTests/Fixtures"


def test_tls_chooses_by_alpn():
    server = Server("--tls-certificate", str(FIXTURES / "first.pem"), "--tls-key", str(FIXTURES / "first.key"))
    for offered, chosen in ((["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), (None, None)):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if offered:
            context.set_alpn_protocols(offered)
        if chosen == "h2":
            wire = Wire(server.port, tls=context)
            assert wire.socket.selected_alpn_protocol() == "h2"
            assert wire.get(1)[0] == 200
            wire.close()
            continue
        with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port))) as client:
            assert client.selected_alpn_protocol() == chosen
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
    server.stop()


def test_off_is_http1_alone():
    server = Server("--http2", "off")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(PREFACE + frame(4, 0, 0))
        assert client.recv(4096).startswith(b"HTTP/1.1 505")
    server.stop()


def test_one_stream_at_a_time():
    server = Server("--max-streams", "1")
    wire = Wire(server.port)
    wire.read(lambda f: isinstance(f, SettingsFrame) and "ACK" in f.flags)
    assert wire.frames[0].settings[3] == 1
    for stream in range(1, 21, 2):
        assert wire.get(stream)[0] == 200
    wire.close()
    server.stop()


def test_events_come_as_they_happen(server):
    wire = Wire(server.port)
    wire.headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/v1/modules/fc/events"), (":authority", "test")])
    head = wire.read(lambda f: isinstance(f, HeadersFrame))
    assert dict(head.fields)[":status"] == "200" and "content-length" not in dict(head.fields)
    server.json("POST", "/v1/modules/fc/call", {"input": [1, 2, 3, 4]})
    assert wire.read(lambda f: isinstance(f, DataFrame) and b"event: call" in f.data)
    assert wire.get(3)[0] == 200
    wire.send(frame(3, 0, 1, u32(8)))
    assert wire.get(5)[0] == 200
    wire.close()


def test_a_slow_reader_holds_back_its_own_stream_alone(server):
    wire = Wire(server.port, settings={4: 1000})
    wire.send(frame(8, 0, 0, u32(1 << 24)))
    wire.headers(1, GET[:2] + [(":path", "/openapi.json"), GET[3]])
    assert wire.read(lambda f: isinstance(f, DataFrame))
    for stream in (3, 5, 7):
        assert wire.get(stream)[0] == 200
    wire.send(frame(8, 0, 1, u32(1 << 24)))
    assert len(wire.answer(1)[2]) > 100_000
    wire.close()


def test_a_drain_says_goaway_twice():
    server = Server()
    wire = Wire(server.port)
    assert wire.get(1)[0] == 200
    server.process.terminate()
    first = wire.read(lambda f: isinstance(f, GoAwayFrame))
    assert (first.last_stream_id, first.error_code) == ((1 << 31) - 1, 0)
    asked = next((f for f in wire.frames if isinstance(f, PingFrame)), None) or wire.read(lambda f: isinstance(f, PingFrame))
    wire.headers(3, GET)
    assert wire.answer(3)[0] == 200
    wire.send(frame(6, 1, 0, asked.opaque_data))
    second = wire.read(lambda f: isinstance(f, GoAwayFrame))
    assert (second.last_stream_id, second.error_code) == (3, 0)
    wire.read(seconds=3)
    assert wire.is_closed
    wire.close()
    server.stop()
