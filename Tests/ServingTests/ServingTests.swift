// The tests of Serving.
