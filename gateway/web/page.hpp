// The page's files, built into the binary. Constant.
#pragma once

#include "gateway/http/server.hpp"

#include <span>

namespace ash::gateway {

/// Everything in `gateway/web/page`, by its path beneath it: `/index.html`, `/main.js` …
std::span<const static_file> page_files();

} // namespace ash::gateway
