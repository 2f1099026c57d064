// The tests of API.
