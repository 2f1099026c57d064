#include "CThread.h"

_Thread_local uint8_t cthread_gradient_mode_of_this_thread;
