"""FastAPI as its documentation shows it: a pydantic model in, a dictionary out; bytes by numpy.

    uvicorn fastapi_peer:app
"""
import numpy
import torch
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

from models import make_all

MODELS = make_all()
app = FastAPI()


class Call(BaseModel):
    input: list[float] | list[list[float]]


def model(name):
    if name not in MODELS:
        raise HTTPException(404, f"no model {name}")
    return MODELS[name]


@app.post("/{name}")
async def call(name: str, body: Call):
    with torch.inference_mode():
        output = model(name)(torch.tensor(body.input))
    return {"output": output.tolist(), "shape": list(output.shape), "dtype": "float32"}


@app.post("/{name}/bytes")
async def call_with_bytes(name: str, request: Request):
    shape = [int(size) for size in request.headers["tensor-shape"].split(",")]
    array = numpy.frombuffer(await request.body(), dtype="<f4").reshape(shape).copy()
    with torch.inference_mode():
        output = model(name)(torch.from_numpy(array))
    headers = {"tensor-shape": ",".join(map(str, output.shape)), "tensor-dtype": "float32"}
    return Response(output.numpy().tobytes(), media_type="application/octet-stream", headers=headers)
