// The room NN is built here.
