/// The console's three files, built into the binary.
#pragma once
#include <stddef.h>

struct console_file {
    const unsigned char *bytes;
    size_t size;
};

extern const struct console_file console_page;
extern const struct console_file console_style;
extern const struct console_file console_program;
