// The tests of Safetensors.
