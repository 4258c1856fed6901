// What a persona's definition means for its turns: the terms that phases and sessions share.
#pragma once

#include "actors/definitions/definitions.hpp"
#include "actors/definitions/pricing.hpp"
#include "actors/tools/tool.hpp"
#include "events/facts/common.hpp"
#include "events/facts/run.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace ash::performers {

/// The persona's models with their prices, its prompt and its limits. Tools and their bounds are
/// the caller's: none are set.
agent_terms agent_terms_of(const definitions::persona& who, const definitions::price_table& prices);

/// The tools that the persona names, and the one that asks for sub-agents where it may ask some.
/// Errors: `tool_unknown`.
result<std::vector<tool_spec>> tool_specs_of(const definitions::persona& who,
                                             const std::vector<std::shared_ptr<tool::tool>>& known);

/// A glob that no path matches: a persona whose list is empty may write nothing by itself.
constexpr std::string_view no_path = "/";

/// What becomes of an approval that nobody decides in time.
run::decision_kind outcome_of(definitions::unanswered what);

/// Puts the rules behind those that are there, and takes the mode where it is the stricter one: a
/// persona can narrow what its user allows, and not widen it.
void add_permissions(tool_terms& into,
                     const definitions::permission_settings& more,
                     const std::string& origin);

/// What a persona may write, and which rules and which mode hold for it. The phase's own artifact
/// may always be written.
void add_permissions(tool_terms& into,
                     const definitions::persona& who,
                     const std::string& artifact_path);

} // namespace ash::performers
