#pragma once
// SQLite's own file system with somebody in front of it who sees every write and may refuse it.

enum crecording_operation {
    crecording_create, crecording_write, crecording_truncate, crecording_sync, crecording_delete
};

// Returns 0 to let the operation happen, or the errno with which it fails.
typedef int (*crecording_observer)(void *context, enum crecording_operation operation, const char *path, long long offset,
                                   const void *bytes, int count);

// Registers a file system under a name that lives as long as the process.
void crecording_register(const char *name, crecording_observer observer, void *context);
