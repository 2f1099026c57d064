"""The client under asyncio: the same names, each with `await`.

    async with callpath.aio.Client("http://localhost:8080") as client:
        fc = await client.create("fc", {"type": "Linear", "in_features": 4, "out_features": 3})
        y = await fc(x)
        await fc.set_parameter("weight", w)
        async for name in client: ...
"""
from __future__ import annotations

import os
from typing import Any, AsyncIterator, Optional, Tuple, Union

from .client import checked
from .operations import BaseClient, BaseHandle, BaseModule, Operation
from .transport import AsyncTransport
from .wire import Target

__all__ = ["Client", "Handle", "Module"]


class Handle(BaseHandle):
    """A registered hook: `await handle.remove()` takes it back, and so does the end of an `async with`."""

    async def __aenter__(self) -> "Handle":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.remove()


class Module(BaseModule):
    """A module on the server: `await module(x)`, `await module.weight`, `await module.set_parameter("weight", w)`."""

    @property
    def weight(self) -> Any:
        """The module's own weight, to be awaited."""
        return self.parameter("weight")

    @property
    def bias(self) -> Any:
        """The module's own bias, to be awaited."""
        return self.parameter("bias")

    def __repr__(self) -> str:
        return f"<callpath.aio.Module {self.name!r}>"


class Client(BaseClient):
    """As `callpath.Client`, with `await`; any number of calls at once, each over a connection of its own."""

    module_class, handle_class = Module, Handle

    def __init__(
        self,
        url: Optional[str] = None,
        key: Optional[str] = None,
        timeout: Optional[float] = 30,
        verify: Union[bool, str] = True,
        certificate: Union[None, str, Tuple[str, str]] = None,
        framework: str = "numpy",
    ) -> None:
        self.url, self.framework = url or os.environ.get("CALLPATH_URL", "http://localhost:8080"), checked(framework)
        target = Target(self.url, key or os.environ.get("CALLPATH_KEY"), verify, certificate)
        self._transport = AsyncTransport(target, timeout)

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

    def __repr__(self) -> str:
        return f"callpath.aio.Client({self.url!r})"
