"""The client for code that waits."""
from __future__ import annotations

import os
from typing import Any, Dict, Iterator, Optional, Tuple, Union

from .operations import BaseClient, BaseHandle, BaseModule, Operation, ask, nothing
from .transport import Transport
from .wire import Target


class Handle(BaseHandle):
    """A registered hook: `remove()` takes it back, and so does the end of a `with`."""

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *_: Any) -> None:
        self.remove()


class Module(BaseModule):
    """A module on the server, used like one of PyTorch: `module(x)`, `module.weight = w`, `module.register_forward_hook`."""

    @property
    def weight(self) -> Any:
        """The module's own weight; setting it makes a new version."""
        return self.parameter("weight")

    @weight.setter
    def weight(self, value: Any) -> None:
        self.set_parameter("weight", value)

    @property
    def bias(self) -> Any:
        """The module's own bias; setting it makes a new version, and so does None, which takes it away."""
        return self.parameter("bias")

    @bias.setter
    def bias(self, value: Any) -> None:
        if value is None:
            self._client._do(nothing(ask("DELETE", f"{self._path}/bias")))
        else:
            self.set_parameter("bias", value)

    def __repr__(self) -> str:
        return self.text()


class Client(BaseClient):
    """A client of a server, safe to share among threads: each has a connection of its own.

        client = callpath.Client("http://localhost:8080")
        y = client["fc"](x)

    `url` begins with http://, https:// or unix:// and may have a path, the server's --path-prefix. `verify` is False or the
    file of authorities to believe, `certificate` a file, or a pair of certificate and key. Time-outs (`timeout` in seconds)
    and refused connections are OSErrors; what the server refuses is a `CallpathError`.
    """

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
        self._transport = Transport(target, timeout)

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

    def __repr__(self) -> str:
        return f"callpath.Client({self.url!r})"

    def __getstate__(self) -> Dict[str, Any]:
        raise TypeError("a client holds connections and cannot be pickled: make one in each process")


def checked(framework: str) -> str:
    if framework not in ("numpy", "torch"):
        raise ValueError(f"expected numpy or torch, got {framework!r}")
    return framework
