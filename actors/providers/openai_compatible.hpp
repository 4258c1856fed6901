// Streaming chat completions as OpenAI defined them, for OpenRouter, OpenAI and every server that
// speaks the same. The registry makes one a base URL. It renders, sends and reads; it never
// retries.
#pragma once

#include "actors/providers/provider.hpp"
#include "actors/providers/transport.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ash::provider {

/// How a provider tells what a call cost.
enum class cost_report : std::uint8_t {
  none,
  usage_cost, ///< asked for by `usage: {include: true}`, answered in `usage.cost` (OpenRouter)
};

struct openai_options {
  std::string name = "openai";                        ///< for messages
  std::string base_url = "https://api.openai.com/v1"; ///< without `/chat/completions`
  std::string api_key;                                ///< may be empty
  std::vector<std::string> headers;                   ///< further `Name: value` lines
  std::string max_tokens_field = "max_tokens";        ///< or `max_completion_tokens`
  cost_report cost = cost_report::none;
  transport_limits limits;
};

/// The provider's request of a canonical one, JSON text. Errors: `argument_invalid`.
result<std::string> render_openai(const request& what, const openai_options& options);

std::shared_ptr<model_provider> make_openai_compatible(openai_options options,
                                                       std::shared_ptr<http_transport> transport);

} // namespace ash::provider
