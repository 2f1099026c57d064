// The room Metrics is built here.
