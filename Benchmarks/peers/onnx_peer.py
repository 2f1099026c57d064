"""onnxruntime behind FastAPI: a pydantic model in, a dictionary out; bytes by numpy.

    uvicorn onnx_peer:app        granian --interface asgi onnx_peer:app
"""
import numpy
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

from onnx_models import make_sessions

SESSIONS = make_sessions()
app = FastAPI()


class Call(BaseModel):
    input: list[float] | list[list[float]]


def run(name, array):
    if name not in SESSIONS:
        raise HTTPException(404, f"no model {name}")
    output = SESSIONS[name].run(None, {"input": array.reshape(-1, array.shape[-1])})[0]
    return output.reshape(*array.shape[:-1], -1)


@app.post("/{name}")
async def call(name: str, body: Call):
    output = run(name, numpy.array(body.input, dtype=numpy.float32))
    return {"output": output.tolist(), "shape": list(output.shape), "dtype": "float32"}


@app.post("/{name}/bytes")
async def call_with_bytes(name: str, request: Request):
    shape = [int(size) for size in request.headers["tensor-shape"].split(",")]
    output = run(name, numpy.frombuffer(await request.body(), dtype="<f4").reshape(shape))
    headers = {"tensor-shape": ",".join(map(str, output.shape)), "tensor-dtype": "float32"}
    return Response(output.tobytes(), media_type="application/octet-stream", headers=headers)
