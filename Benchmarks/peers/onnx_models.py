"""The same networks as onnxruntime's sessions."""
import io
import warnings

import onnxruntime
import torch

from models import LAYERS, make_all


def make_sessions():
    sessions = {}
    for name, model in make_all().items():
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model, (torch.zeros(1, LAYERS[name][0]),), file, dynamo=False, input_names=["input"],
                              output_names=["output"], dynamic_axes={"input": {0: "rows"}, "output": {0: "rows"}})
        sessions[name] = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    return sessions
