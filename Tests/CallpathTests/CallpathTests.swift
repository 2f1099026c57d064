// The tests of Callpath.
