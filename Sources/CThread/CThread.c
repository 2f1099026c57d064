#include "CThread.h"

_Thread_local struct cthread_call cthread_call_of_this_thread;
