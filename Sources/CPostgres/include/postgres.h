// The part of libpq that callpath calls. The library is opened when it is first wanted: linked, its many dependencies would
// make each start of the program several times as long, with PostgreSQL or without. No header of libpq is needed to build.
#ifndef CALLPATH_POSTGRES_H
#define CALLPATH_POSTGRES_H

#include <stddef.h>

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

// What libpq hands out for a notice; the caller frees it.
typedef struct pgNotify {
    char *relname;
    int be_pid;
    char *extra;
    struct pgNotify *next;
} PGnotify;

// One word of a connection string.
typedef struct {
    char *keyword;
    char *envvar;
    char *compiled;
    char *val;
    char *label;
    char *dispchar;
    int dispsize;
} PQconninfoOption;

// Values of libpq's enumerations, which are part of its binary interface.
enum { CALLPATH_CONNECTION_OK = 0, CALLPATH_CONNECTION_BAD = 1 };
enum {
    CALLPATH_COMMAND_OK = 1,
    CALLPATH_TUPLES_OK = 2,
    CALLPATH_COPY_OUT = 3,
    CALLPATH_COPY_IN = 4,
};
enum { CALLPATH_DIAG_SQLSTATE = 'C', CALLPATH_DIAG_MESSAGE = 'M' };

// Each function of libpq that is used: result, name, parameters, arguments.
#define CALLPATH_LIBPQ(F) \
    F(PGconn *, PQconnectdbParams, (const char *const *keywords, const char *const *values, int expands), \
      (keywords, values, expands)) \
    F(int, PQstatus, (const PGconn *connection), (connection)) \
    F(void, PQfinish, (PGconn *connection), (connection)) \
    F(int, PQsocket, (const PGconn *connection), (connection)) \
    F(char *, PQerrorMessage, (const PGconn *connection), (connection)) \
    F(int, PQbackendPID, (const PGconn *connection), (connection)) \
    F(int, PQserverVersion, (const PGconn *connection), (connection)) \
    F(int, PQsetnonblocking, (PGconn *connection, int isNonBlocking), (connection, isNonBlocking)) \
    F(int, PQsendQueryParams, \
      (PGconn *connection, const char *text, int count, const unsigned *types, const char *const *values, \
       const int *lengths, const int *formats, int resultFormat), \
      (connection, text, count, types, values, lengths, formats, resultFormat)) \
    F(int, PQsendQuery, (PGconn *connection, const char *text), (connection, text)) \
    F(int, PQflush, (PGconn *connection), (connection)) \
    F(int, PQconsumeInput, (PGconn *connection), (connection)) \
    F(int, PQisBusy, (PGconn *connection), (connection)) \
    F(PGresult *, PQgetResult, (PGconn *connection), (connection)) \
    F(int, PQresultStatus, (const PGresult *result), (result)) \
    F(char *, PQresultErrorField, (const PGresult *result, int field), (result, field)) \
    F(void, PQclear, (PGresult *result), (result)) \
    F(int, PQntuples, (const PGresult *result), (result)) \
    F(char *, PQgetvalue, (const PGresult *result, int row, int column), (result, row, column)) \
    F(int, PQgetlength, (const PGresult *result, int row, int column), (result, row, column)) \
    F(int, PQgetisnull, (const PGresult *result, int row, int column), (result, row, column)) \
    F(int, PQputCopyData, (PGconn *connection, const char *bytes, int count), (connection, bytes, count)) \
    F(int, PQputCopyEnd, (PGconn *connection, const char *reason), (connection, reason)) \
    F(int, PQgetCopyData, (PGconn *connection, char **bytes, int isAsync), (connection, bytes, isAsync)) \
    F(void, PQfreemem, (void *memory), (memory)) \
    F(PGnotify *, PQnotifies, (PGconn *connection), (connection)) \
    F(PQconninfoOption *, PQconninfoParse, (const char *text, char **reason), (text, reason)) \
    F(void, PQconninfoFree, (PQconninfoOption *options), (options))

#define CALLPATH_DECLARE(result, name, parameters, arguments) result callpath_##name parameters;
CALLPATH_LIBPQ(CALLPATH_DECLARE)
#undef CALLPATH_DECLARE

// The statements that make the registry's tables: deploy/postgres/schema.sql, with a null behind them.
extern const char *const callpath_schema;

// Opens the library unless it is open. Returns NULL, or why that cannot be; not safe for several threads at once.
const char *callpath_open_libpq(void);

// Keeps what the server tells beside results off standard error.
void callpath_silence(PGconn *connection);

#endif
