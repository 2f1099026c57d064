/// What threads that share a product need and Swift's libraries do not offer on every system.
#pragma once

/// The processors that this process may run on; 0 if the system does not say.
int callpath_allowed_processors(void);
