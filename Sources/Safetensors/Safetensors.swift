// The room Safetensors is built here.
