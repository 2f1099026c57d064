"""LitServe as its documentation shows it: one worker, no batching.

    python litserve_peer.py PORT
"""
import sys

import litserve
import torch

from models import make_all


class Layers(litserve.LitAPI):
    def setup(self, device):
        self.models = make_all()

    def decode_request(self, request):
        return request["model"], torch.tensor(request["input"])

    def predict(self, call):
        name, x = call
        with torch.inference_mode():
            return self.models[name](x)

    def encode_response(self, output):
        return {"output": output.tolist(), "shape": list(output.shape), "dtype": "float32"}


if __name__ == "__main__":
    server = litserve.LitServer(Layers(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
