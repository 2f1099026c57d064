"""MLServer with a runtime of its own, as its documentation shows it; the Open Inference Protocol over HTTP."""
import os
import sys

import torch
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
from models import make


class Layers(MLModel):
    async def load(self):
        self.model = make(self.name).eval()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        x = torch.from_numpy(NumpyCodec.decode_input(payload.inputs[0]).astype("float32"))
        with torch.inference_mode():
            output = self.model(x)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("output", output.numpy())])
