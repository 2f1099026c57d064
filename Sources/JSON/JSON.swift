// The room JSON is built here.
