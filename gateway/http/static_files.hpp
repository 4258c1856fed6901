// The page's files, which are built into the binary: found by their exact names, never on a disk.
#pragma once

#include "gateway/http/server.hpp"

namespace ash::gateway {

/// The file that a path names, with headers that forbid a browser everything the page does not
/// need; 304 where the client has it, 404 where there is none.
response serve_file(std::span<const static_file> files, const request& asked);

} // namespace ash::gateway
