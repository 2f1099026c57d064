/// The text of `openapi.yaml`, built into the binary: the interface is served by the very build that implements it.
#pragma once
#include <stddef.h>

extern const unsigned char *const callpath_openapi;
extern const size_t callpath_openapi_size;
