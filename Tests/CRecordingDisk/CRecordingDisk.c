#include "CRecordingDisk.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { crecording_observer observer; void *context; sqlite3_vfs *real; } recorder;
typedef struct { sqlite3_file base; recorder *recorder; const char *path; sqlite3_file *real; } file;

static int failed(int number, int code) {
    errno = number;
    return number == ENOSPC ? SQLITE_FULL : code;
}

static int tell(recorder *to, enum crecording_operation operation, const char *path, long long offset, const void *bytes,
                int count) {
    return path ? to->observer(to->context, operation, path, offset, bytes, count) : 0;
}

static int file_close(sqlite3_file *f) {
    file *self = (file *)f;
    int code = self->real->pMethods ? self->real->pMethods->xClose(self->real) : SQLITE_OK;
    free((void *)self->path);
    return code;
}
static int file_read(sqlite3_file *f, void *bytes, int count, sqlite3_int64 offset) {
    file *self = (file *)f;
    return self->real->pMethods->xRead(self->real, bytes, count, offset);
}
static int file_write(sqlite3_file *f, const void *bytes, int count, sqlite3_int64 offset) {
    file *self = (file *)f;
    int number = tell(self->recorder, crecording_write, self->path, offset, bytes, count);
    return number ? failed(number, SQLITE_IOERR_WRITE) : self->real->pMethods->xWrite(self->real, bytes, count, offset);
}
static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    file *self = (file *)f;
    int number = tell(self->recorder, crecording_truncate, self->path, size, 0, 0);
    return number ? failed(number, SQLITE_IOERR_TRUNCATE) : self->real->pMethods->xTruncate(self->real, size);
}
static int file_sync(sqlite3_file *f, int flags) {
    file *self = (file *)f;
    int number = tell(self->recorder, crecording_sync, self->path, 0, 0, 0);
    return number ? SQLITE_IOERR_FSYNC : self->real->pMethods->xSync(self->real, flags);
}
static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
    file *self = (file *)f;
    return self->real->pMethods->xFileSize(self->real, size);
}
static int file_lock(sqlite3_file *f, int level) {
    file *self = (file *)f;
    return self->real->pMethods->xLock(self->real, level);
}
static int file_unlock(sqlite3_file *f, int level) {
    file *self = (file *)f;
    return self->real->pMethods->xUnlock(self->real, level);
}
static int file_reserved(sqlite3_file *f, int *result) {
    file *self = (file *)f;
    return self->real->pMethods->xCheckReservedLock(self->real, result);
}
static int file_control(sqlite3_file *f, int operation, void *argument) {
    file *self = (file *)f;
    return self->real->pMethods->xFileControl(self->real, operation, argument);
}
static int file_sector(sqlite3_file *f) {
    file *self = (file *)f;
    return self->real->pMethods->xSectorSize(self->real);
}
static int file_traits(sqlite3_file *f) {
    file *self = (file *)f;
    return self->real->pMethods->xDeviceCharacteristics(self->real);
}

static const sqlite3_io_methods methods = {
    1, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock, file_reserved,
    file_control, file_sector, file_traits,
};

static int disk_open(sqlite3_vfs *disk, sqlite3_filename path, sqlite3_file *f, int flags, int *outFlags) {
    file *self = (file *)f;
    self->recorder = disk->pAppData;
    self->real = (sqlite3_file *)(self + 1);
    self->path = path ? strdup(path) : 0;
    self->base.pMethods = 0;
    int isNew = path && access(path, F_OK) != 0;
    int number = isNew && flags & SQLITE_OPEN_CREATE ? tell(self->recorder, crecording_create, self->path, 0, 0, 0) : 0;
    int code = number ? SQLITE_CANTOPEN : self->recorder->real->xOpen(self->recorder->real, path, self->real, flags, outFlags);
    if (code == SQLITE_OK) self->base.pMethods = &methods;
    else free((void *)self->path);
    return code;
}
static int disk_delete(sqlite3_vfs *disk, const char *path, int sync) {
    recorder *self = disk->pAppData;
    int number = tell(self, crecording_delete, path, sync, 0, 0);
    return number ? SQLITE_IOERR_DELETE : self->real->xDelete(self->real, path, sync);
}
static int disk_access(sqlite3_vfs *disk, const char *path, int flags, int *result) {
    recorder *self = disk->pAppData;
    return self->real->xAccess(self->real, path, flags, result);
}
static int disk_full_path(sqlite3_vfs *disk, const char *path, int count, char *full) {
    recorder *self = disk->pAppData;
    return self->real->xFullPathname(self->real, path, count, full);
}
static int disk_last_error(sqlite3_vfs *disk, int count, char *text) {
    recorder *self = disk->pAppData;
    return self->real->xGetLastError(self->real, count, text);
}

void crecording_register(const char *name, crecording_observer observer, void *context) {
    recorder *self = calloc(1, sizeof *self);
    self->observer = observer;
    self->context = context;
    self->real = sqlite3_vfs_find(0);
    sqlite3_vfs *disk = calloc(1, sizeof *disk);
    *disk = *self->real;
    disk->pNext = 0;
    disk->iVersion = 1;
    disk->szOsFile = (int)sizeof(file) + self->real->szOsFile;
    disk->zName = strdup(name);
    disk->pAppData = self;
    disk->xOpen = disk_open;
    disk->xDelete = disk_delete;
    disk->xAccess = disk_access;
    disk->xFullPathname = disk_full_path;
    disk->xGetLastError = disk_last_error;
    sqlite3_vfs_register(disk, 0);
}
