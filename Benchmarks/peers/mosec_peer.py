"""mosec as its documentation shows it: one worker, no batching.

    python mosec_peer.py --address 127.0.0.1 --port PORT
"""
import mosec
import torch

from models import make_all


class Layers(mosec.Worker):
    def __init__(self):
        super().__init__()
        self.models = make_all()

    def forward(self, call):
        with torch.inference_mode():
            output = self.models[call["model"]](torch.tensor(call["input"]))
        return {"output": output.tolist(), "shape": list(output.shape), "dtype": "float32"}


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Layers, num=1)
    server.run()
