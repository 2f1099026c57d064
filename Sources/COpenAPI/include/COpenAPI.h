/// The text of `openapi.yaml`, built into the binary: the interface is served by the very build that implements it.
#pragma once
#include <stddef.h>

extern const unsigned char *const callpath_openapi;
extern const size_t callpath_openapi_size;

/// The same contract as JSON, which script/openapi writes.
extern const unsigned char *const callpath_openapi_json;
extern const size_t callpath_openapi_json_size;
