"""Moves requests and answers: over sockets that block, one a thread, and under asyncio."""
from __future__ import annotations

import asyncio
import os
import select
import socket
import threading
from typing import Optional

from .wire import END_OF_HEAD, HEAD, LONGEST_LINE, MAXIMUM_HEAD, REST, Answer, Request, Target, read_answer


def goes_on(line: bytes, head: bytes) -> bool:
    """Whether more of a head is to be read behind its last line."""
    return line.endswith(b"\n") and line not in (b"\r\n", b"\n") and len(head) <= MAXIMUM_HEAD


class Connection:
    """A socket to the server, kept open between requests."""

    def __init__(self, target: Target, timeout: Optional[float]) -> None:
        if target.socket is not None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(target.socket)
        else:
            self.socket = socket.create_connection((target.host, target.port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if target.tls:
                self.socket = target.tls.wrap_socket(self.socket, server_hostname=target.host)
        self.process = os.getpid()
        self.reader = self.socket.makefile("rb", 65536)
        # Not select, which knows no descriptor above 1,023.
        self._poll = select.poll()
        self._poll.register(self.socket, select.POLLIN)

    def is_alive(self) -> bool:
        """Whether the server has neither closed the connection nor said something that nobody asked for."""
        return self.process == os.getpid() and not self._poll.poll(0)

    def exchange(self, head_and_body: bytes, method: str) -> Answer:
        self.socket.sendall(head_and_body)
        parser = read_answer(method)
        wanted = next(parser)
        while True:
            try:
                wanted = parser.send(self._read(wanted))
            except StopIteration as end:
                return end.value

    def _read(self, wanted: int) -> bytes:
        if wanted >= 0:
            return self.reader.read(wanted)
        if wanted == REST:
            return self.reader.read()
        if wanted == HEAD and (end := END_OF_HEAD.search(self.reader.peek())):
            return self.reader.read(end.end())
        line = head = self.reader.readline(LONGEST_LINE)
        while wanted == HEAD and goes_on(line, head):
            line = self.reader.readline(LONGEST_LINE)
            head += line
        return head

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


class Transport:
    """Sends requests over one connection for each thread."""

    def __init__(self, target: Target, timeout: Optional[float]) -> None:
        self.target, self.timeout = target, timeout
        self._local = threading.local()

    def send(self, request: Request) -> Answer:
        try:
            return self._send(request)
        except OSError as failure:
            raise self.target.failed(failure, self.timeout) from None

    def _send(self, request: Request) -> Answer:
        data = self.target.bytes_of(request)
        connection = self._take()
        if connection is not None:
            try:
                return self._exchange(connection, data, request.method)
            except ConnectionError:
                # It may have been dead for long; what changes something is not sent twice.
                if not request.repeatable:
                    raise
        return self._exchange(self._open(), data, request.method)

    def _open(self) -> Connection:
        try:
            return Connection(self.target, self.timeout)
        except (ConnectionRefusedError, FileNotFoundError) as failure:
            raise self.target.nobody(failure) from None

    def _take(self) -> Optional[Connection]:
        connection, self._local.connection = getattr(self._local, "connection", None), None
        if connection is not None and not connection.is_alive():
            if connection.process == os.getpid():
                connection.close()
            return None
        return connection

    def _exchange(self, connection: Connection, data: bytes, method: str) -> Answer:
        try:
            answer = connection.exchange(data, method)
        except BaseException:
            connection.close()
            raise
        if answer.keeps_connection:
            self._local.connection = connection
        else:
            connection.close()
        return answer

    def close(self) -> None:
        connection, self._local.connection = getattr(self._local, "connection", None), None
        if connection is not None:
            connection.close()


class AsyncTransport:
    """Sends requests under asyncio, over as many connections as there are requests at once."""

    def __init__(self, target: Target, timeout: Optional[float]) -> None:
        self.target, self.timeout = target, timeout
        self._idle: list = []
        self._loop: Optional[asyncio.AbstractEventLoop] = None

    async def send(self, request: Request) -> Answer:
        data = self.target.bytes_of(request)
        try:
            return await asyncio.wait_for(self._send(request, data), self.timeout)
        except (OSError, asyncio.TimeoutError) as failure:
            raise self.target.failed(failure, self.timeout) from None

    async def _send(self, request: Request, data: bytes) -> Answer:
        connection = self._take()
        if connection is not None:
            try:
                return await self._exchange(connection, data, request.method)
            except ConnectionError:
                if not request.repeatable:
                    raise
        return await self._exchange(await self._open(), data, request.method)

    def _take(self):
        if self._loop is not asyncio.get_running_loop():
            # Another event loop, as each asyncio.run has: its connections are of no use here.
            self._idle, self._loop = [], asyncio.get_running_loop()
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _open(self):
        target = self.target
        try:
            if target.socket is not None:
                return await asyncio.open_unix_connection(target.socket)
            names = {"server_hostname": target.host} if target.tls else {}
            return await asyncio.open_connection(target.host, target.port, ssl=target.tls, **names)
        except (ConnectionRefusedError, FileNotFoundError) as failure:
            raise target.nobody(failure) from None

    async def _exchange(self, connection, data: bytes, method: str) -> Answer:
        reader, writer = connection
        try:
            writer.write(data)
            await writer.drain()
            answer = await self._read(reader, method)
        except BaseException:
            writer.close()
            raise
        if answer.keeps_connection:
            self._idle.append(connection)
        else:
            writer.close()
        return answer

    async def _read(self, reader: asyncio.StreamReader, method: str) -> Answer:
        parser = read_answer(method)
        wanted = next(parser)
        while True:
            try:
                wanted = parser.send(await self._next(reader, wanted))
            except StopIteration as end:
                return end.value

    async def _next(self, reader: asyncio.StreamReader, wanted: int) -> bytes:
        try:
            if wanted >= 0:
                return await reader.readexactly(wanted)
            if wanted == REST:
                return await reader.read(-1)
            line = head = await reader.readline()
            while wanted == HEAD and goes_on(line, head):
                line = await reader.readline()
                head += line
            return head
        except asyncio.IncompleteReadError as cut:
            return cut.partial
        except ValueError:
            # asyncio's own limit: the parser says what is wrong with a line without an end.
            return b"x" * LONGEST_LINE

    async def close(self) -> None:
        while self._idle:
            _, writer = self._idle.pop()
            writer.close()
