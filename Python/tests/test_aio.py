"""The same under asyncio."""
import asyncio

import numpy as np
import pytest

import callpath

LINEAR = {"type": "Linear", "in_features": 4, "out_features": 3, "seed": 0}


def test_the_same_names_with_await(callpath_server, callpath_client):
    async def session():
        async with callpath.aio.Client(callpath_server.url) as client:
            fc = await client.create("fc", LINEAR)
            before = await fc.version
            await fc.set_parameter("weight", np.ones((3, 4), np.float32))
            await fc.set_parameter("bias", [0.0, 0, 0])
            np.testing.assert_array_equal(await fc([1.0, 1, 1, 1]), [4, 4, 4])
            np.testing.assert_array_equal(await fc.weight, np.ones((3, 4)))
            assert [name async for name in client] == ["fc"] and await client.contains("fc")
            assert (await fc.text()).startswith("Linear(") and await fc.version == before + 2
            async with await fc.register_forward_hook(callpath.scale(0)):
                np.testing.assert_array_equal(await fc([1.0, 1, 1, 1]), [0, 0, 0])
            assert await fc.hooks == []
            handle = await fc.register_forward_hook(callpath.capture())
            await fc([1.0, 1, 1, 1])
            np.testing.assert_array_equal(await handle.captured, [4, 4, 4])
            await handle.remove()
            _, captures = await fc.run([1.0, 1, 1, 1], hooks=[callpath.forward(callpath.capture())])
            np.testing.assert_array_equal(captures[0].tensor, [4, 4, 4])
            with pytest.raises(RuntimeError):
                await fc([1.0])
            with pytest.raises(KeyError):
                await client["nosuch"]([1.0])
            await fc.delete()

    asyncio.run(session())
    assert list(callpath_client) == []


def test_many_calls_at_once(callpath_server, callpath_client):
    callpath_client.create("same", {"type": "Identity"})

    async def session():
        async with callpath.aio.Client(callpath_server.url) as client:
            outputs = await asyncio.gather(*(client["same"]([float(number)]) for number in range(50)))
            assert [output[0] for output in outputs] == list(range(50))

    asyncio.run(session())


def test_a_client_outlives_its_loop(callpath_server, callpath_client):
    client = callpath.aio.Client(callpath_server.url)
    for _ in range(2):
        assert asyncio.run(client.names()) == []
