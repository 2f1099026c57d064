// The room Serving is built here.
