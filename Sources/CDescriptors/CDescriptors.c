#include "CDescriptors.h"

// As in COpenAPI: #embed is of C23, and an extension before.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char open_inference[] = {
#embed "descriptors/open_inference.binpb"
};
static const unsigned char health[] = {
#embed "descriptors/health.binpb"
};
static const unsigned char reflection[] = {
#embed "descriptors/reflection.binpb"
};
static const unsigned char reflection_alpha[] = {
#embed "descriptors/reflection_alpha.binpb"
};

static const struct callpath_descriptor descriptors[] = {
    {open_inference, sizeof open_inference},
    {health, sizeof health},
    {reflection, sizeof reflection},
    {reflection_alpha, sizeof reflection_alpha},
};
const struct callpath_descriptor *const callpath_descriptors = descriptors;
const size_t callpath_descriptor_count = sizeof descriptors / sizeof descriptors[0];
