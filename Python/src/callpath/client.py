"""The client for code that waits."""
from __future__ import annotations

from typing import Any, Iterator

from .errors import CallpathError
from .operations import BaseClient, BaseHandle, BaseModule, Operation, ask, nothing
from .transport import Transport


class Handle(BaseHandle):
    """A registered hook: `remove()` takes it back, and so does the end of a `with`."""

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *_: Any) -> None:
        self.remove()


class Module(BaseModule):
    """A module on the server, used like one of PyTorch: `module(x)`, `module.weight = w`, `module.register_forward_hook`."""

    @BaseModule.weight.setter
    def weight(self, value: Any) -> None:
        self.set_parameter("weight", value)

    @BaseModule.bias.setter
    def bias(self, value: Any) -> None:
        if value is None:
            self._client._do(nothing(ask("DELETE", f"{self._path}/bias")))
        else:
            self.set_parameter("bias", value)

    def __repr__(self) -> str:
        try:
            return self.text()
        except (CallpathError, OSError) as failure:
            # A notebook and a debugger show a module that is gone, or whose server is, as they show any other.
            return f"<callpath.Module {self.name!r}: {failure}>"


class Client(BaseClient):
    """A client of a server, safe to share among threads: each has a connection of its own.

        client = callpath.Client("http://localhost:8080")
        y = client["fc"](x)

    `url` begins with http://, https:// or unix:// and may have a path, the server's --path-prefix. `verify` is False or the
    file of authorities to believe, `certificate` a file, or a pair of certificate and key. Time-outs (`timeout` in seconds)
    and refused connections are OSErrors; what the server refuses is a `CallpathError`.
    """

    module_class, handle_class, transport_class = Module, Handle, Transport

    def _do(self, operation: Operation) -> Any:
        try:
            request = next(operation)
            while True:
                request = operation.send(self._transport.send(request))
        except StopIteration as end:
            return end.value

    def __getitem__(self, name: str) -> Module:
        return self._do(self._get(name))

    def __contains__(self, name: str) -> bool:
        return self._do(self._contains(name))

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def close(self) -> None:
        """Closes the connection of this thread."""
        self._transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
