// The room HTTP is built here.
