#include "COpenAPI.h"

// #embed is of C23, and an extension before: the compiler follows the file, and it costs nothing to compile, where a
// resource that SwiftPM embeds as an array literal costs a minute.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char text[] = {
#embed "../../openapi.yaml"
};
const unsigned char *const callpath_openapi = text;
const size_t callpath_openapi_size = sizeof text;

static const unsigned char json[] = {
#embed "openapi.json"
};
const unsigned char *const callpath_openapi_json = json;
const size_t callpath_openapi_json_size = sizeof json;
