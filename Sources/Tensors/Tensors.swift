// The room Tensors is built here.
