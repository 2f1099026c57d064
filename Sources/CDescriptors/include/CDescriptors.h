/// The services as protobuf describes them (`FileDescriptorProto`, serialized), built into the binary for reflection.
///
/// script/protobuf writes them from the .proto files beside this folder.
#pragma once
#include <stddef.h>

/// One file.
struct callpath_descriptor {
    const unsigned char *bytes;
    size_t size;
};

extern const struct callpath_descriptor *const callpath_descriptors;
extern const size_t callpath_descriptor_count;
