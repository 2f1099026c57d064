"""How a PyTorch model becomes a description and tensors: `export` writes the file."""
