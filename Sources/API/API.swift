// The room API is built here.
