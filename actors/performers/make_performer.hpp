// How the performers are made. The composition root owns what they are given and outlives them;
// they read the log (documents, a run's facts) and never write to it.
#pragma once

#include "actors/definitions/definitions.hpp"
#include "actors/definitions/price_book.hpp"
#include "actors/definitions/schema_registry.hpp"
#include "actors/performers/performer.hpp"
#include "actors/providers/provider.hpp"
#include "actors/tools/tool.hpp"
#include "events/base/scrub.hpp"
#include "events/log/event_log.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ash::performers {

/// The provider of `provider:model`. Errors: `secret_missing`, `provider_unavailable`,
/// `config_invalid`.
using find_provider =
    std::function<result<std::shared_ptr<provider::model_provider>>(const std::string& model)>;

/// Who is meant by a name that something beneath `root` may ask for help. Errors:
/// `persona_not_found`, `consent_missing`, and those of reading.
using find_persona =
    std::function<result<definitions::persona>(const stream_id& root, const std::string& name)>;

/// Whether what a run or session holds may be sent to a model that reviews. Errors:
/// `consent_missing`, and those of reading.
using may_be_sent = std::function<result<void>(const std::string& model)>;

struct performer_options {
  log::event_log* log = nullptr; ///< read only; must outlive the performer
  find_provider providers;
  find_persona personas;  ///< empty: there is nobody to ask for help
  may_be_sent reviewable; ///< empty: always
  std::shared_ptr<definitions::schema_registry> schemas;
  std::shared_ptr<definitions::price_book> prices; ///< null: the shipped table
  std::vector<std::shared_ptr<tool::tool>> tools;  ///< empty: the built-in ones
  /// The daily scope of each persona that works, before the day's own; its name is filled in. None:
  /// no such scope.
  std::optional<budget_terms> persona_day;
  std::string data_dir;                  ///< hidden from commands
  std::string key_dir;                   ///< likewise; empty: none
  std::vector<std::string> hidden_files; ///< likewise
  /// Takes secrets out of whatever comes from outside. Null: it knows shapes alone.
  std::shared_ptr<const live_scrubber> scrub;
  std::size_t tool_threads = 8;
  std::size_t file_threads = 2; ///< git, artifacts, reports
  std::int64_t delta_ms = 50;   ///< pieces of a streamed answer are joined over this time
};

} // namespace ash::performers

namespace ash {

/// Makes the performer of every effect that leaves an entity. `directory` must outlive it.
std::unique_ptr<effect_performer> make_performer(performers::performer_options options,
                                                 entity_directory& directory);

} // namespace ash
