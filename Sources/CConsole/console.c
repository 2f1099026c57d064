#include "CConsole.h"

// #embed is of C23, and an extension before; see COpenAPI.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char page[] = {
#embed "console.html"
};
static const unsigned char style[] = {
#embed "console.css"
};
static const unsigned char program[] = {
#embed "console.js"
};
const struct console_file console_page = {page, sizeof page};
const struct console_file console_style = {style, sizeof style};
const struct console_file console_program = {program, sizeof program};
