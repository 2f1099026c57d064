// The tests of CKernels.
