"""The client under asyncio: the same names, each with `await`.

    async with callpath.aio.Client("http://localhost:8080") as client:
        fc = await client.create("fc", {"type": "Linear", "in_features": 4, "out_features": 3})
        y = await fc(x)
        await fc.set_parameter("weight", w)
        async for name in client: ...
"""
from __future__ import annotations

from typing import Any, AsyncIterator

from .operations import BaseClient, BaseHandle, BaseModule, Operation
from .transport import AsyncTransport

__all__ = ["Client", "Handle", "Module"]


class Handle(BaseHandle):
    """A registered hook: `await handle.remove()` takes it back, and so does the end of an `async with`."""

    async def __aenter__(self) -> "Handle":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.remove()


class Module(BaseModule):
    """A module on the server: `await module(x)`, `await module.weight`, `await module.set_parameter("weight", w)`."""

    def __repr__(self) -> str:
        return f"<callpath.aio.Module {self.name!r}>"


class Client(BaseClient):
    """As `callpath.Client`, with `await`; any number of calls at once, each over a connection of its own."""

    module_class, handle_class, transport_class = Module, Handle, AsyncTransport

    async def _do(self, operation: Operation) -> Any:
        try:
            request = next(operation)
            while True:
                request = operation.send(await self._transport.send(request))
        except StopIteration as end:
            return end.value

    def __getitem__(self, name: str) -> Module:
        """The module of that name, which is not asked for before it is used."""
        return Module(self, name)

    def contains(self, name: str) -> Any:
        """Whether there is a module of that name."""
        return self._do(self._contains(name))

    async def __aiter__(self) -> AsyncIterator[str]:
        for name in await self.names():
            yield name

    async def close(self) -> None:
        """Closes the connections that wait for the next request."""
        await self._transport.close()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()
