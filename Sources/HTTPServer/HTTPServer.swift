// The room HTTPServer is built here.
