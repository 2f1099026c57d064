#include "postgres.h"

#include <dlfcn.h>

// #embed is of C23, and an extension before.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const char schema[] = {
#embed "../../deploy/postgres/schema.sql"
    , 0};
const char *const callpath_schema = schema;

#define DEFINE(result, name, parameters, arguments) \
    static result (*found_##name) parameters; \
    result callpath_##name parameters { return found_##name arguments; }
CALLPATH_LIBPQ(DEFINE)
#undef DEFINE

typedef void (*notice_processor)(void *, const char *);
static notice_processor (*set_notice_processor)(PGconn *, notice_processor, void *);

const char *callpath_open_libpq(void) {
    static int is_open;
    if (is_open) return NULL;
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define FIND(result, name, parameters, arguments) \
    found_##name = (result(*) parameters)dlsym(library, #name); \
    if (!found_##name) return "libpq.so.5 has no " #name;
    CALLPATH_LIBPQ(FIND)
#undef FIND
    set_notice_processor =
        (notice_processor(*)(PGconn *, notice_processor, void *))dlsym(library, "PQsetNoticeProcessor");
    if (!set_notice_processor) return "libpq.so.5 has no PQsetNoticeProcessor";
    is_open = 1;
    return NULL;
}

static void ignore(void *context, const char *message) {
    (void)context;
    (void)message;
}

void callpath_silence(PGconn *connection) { set_notice_processor(connection, ignore, NULL); }
