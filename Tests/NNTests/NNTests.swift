// The tests of NN.
