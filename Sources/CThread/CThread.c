#include "CThread.h"

_Thread_local uint8_t cthread_gradient_mode_of_this_thread;
_Thread_local int64_t cthread_byte_limit_of_this_thread;
_Thread_local const void *cthread_call_context_of_this_thread;
