"""BentoML as its documentation shows it.

    bentoml serve bentoml_peer:Layers
"""
import bentoml
import torch

from models import make_all


@bentoml.service(workers=1)
class Layers:
    def __init__(self):
        self.models = make_all()

    @bentoml.api
    def predict(self, model: str, input: list) -> dict:
        with torch.inference_mode():
            output = self.models[model](torch.tensor(input))
        return {"output": output.tolist(), "shape": list(output.shape), "dtype": "float32"}
