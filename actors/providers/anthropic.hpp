// Anthropic's streaming messages. The registry makes one a base URL. It renders, sends and reads;
// it sends thinking back exactly as it came and never retries.
#pragma once

#include "actors/providers/provider.hpp"
#include "actors/providers/transport.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ash::provider {

struct anthropic_options {
  std::string name = "anthropic";                     ///< for messages
  std::string base_url = "https://api.anthropic.com"; ///< without `/v1/messages`
  std::string api_key;
  std::string version = "2023-06-01";
  std::vector<std::string> headers;       ///< further `Name: value` lines
  std::int64_t thinking_tokens = 0;       ///< budget of extended thinking; 0: none is asked for
  std::int64_t default_max_tokens = 4096; ///< where the request names none: the API requires one
  transport_limits limits;
};

/// The provider's request of a canonical one, JSON text. Errors: `argument_invalid`.
result<std::string> render_anthropic(const request& what, const anthropic_options& options);

std::shared_ptr<model_provider> make_anthropic(anthropic_options options,
                                               std::shared_ptr<http_transport> transport);

} // namespace ash::provider
