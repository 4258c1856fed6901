// The entity of one aggregate. See any_entity.hpp.
#pragma once

#include "actors/entity/any_entity.hpp"

#include <boost/mp11/algorithm.hpp>
#include <type_traits>
#include <utility>

namespace ash {

namespace detail {

/// The value of `from` where `To` has an alternative of its type.
template <class To, class From> std::optional<To> narrowed(From&& from) {
  return std::visit(
      [](auto&& value) -> std::optional<To> {
        using type = std::remove_cvref_t<decltype(value)>;
        if constexpr (boost::mp11::mp_contains<To, type>::value)
          return To{std::forward<decltype(value)>(value)};
        else
          return std::nullopt;
      },
      std::forward<From>(from));
}

} // namespace detail

template <aggregate A> class entity final : public any_entity {
public:
  explicit entity(entity_setup setup) : any_entity(std::move(setup)) {}

  result<void> load(const any_fact& fact, std::string_view key) override {
    const auto mine = detail::narrowed<typename A::fact>(fact);
    if (!mine)
      return refuse(errc::log_corrupt,
                    "the stream '" + stream().text() + "' has a fact '" +
                        std::string{type_of(fact)} + "' after version " +
                        std::to_string(version()) +
                        ", which does not belong there: run `log verify`");
    state_ = A::evolve(std::move(state_), *mine);
    after_load(key);
    return success();
  }

  /// The fold of facts 1 … `version`.
  void load_snapshot(typename A::state state, std::uint64_t version) {
    state_ = std::move(state);
    after_snapshot(version);
  }

  result<output> drain() override {
    if (is_appending() || !has_work())
      return output{};
    append_intent intent;
    const auto expected = version_;
    auto& now = take_batch();
    for (const auto& each : now.batch) {
      TRY(decide_one(each, now, intent));
    }
    if (intent.entries.empty())
      return release();
    intent.stream = stream();
    intent.root = root();
    intent.expected_version = expected;
    intent.keys_are_new = knows_every_key();
    intent.status = is_final() ? stream_after::closed : stream_after::open;
    appending_ = true;
    output out;
    out.append = std::move(intent);
    return out;
  }

  [[nodiscard]] entity_kind kind() const noexcept override { return A::kind; }
  [[nodiscard]] bool is_final() const override { return A::is_final(state_); }
  /// Includes what was decided and is not durable yet.
  [[nodiscard]] const typename A::state& state() const noexcept { return state_; }

private:
  [[nodiscard]] effects owed() const override { return A::pending(state_); }

  result<void> decide_one(const queued_command& from, work& now, append_intent& intent) {
    const auto& command = from.command;
    const auto digest = command.id.empty() ? uuid{} : recent_ids::digest_of(command.id);
    TRY(const auto repeated, is_repeated(command, digest));
    if (repeated) {
      repeated_ = true;
      now.replies.push_back({from.token, success()});
      return success();
    }
    auto decided = decide(command);
    if (!decided) {
      now.replies.push_back({from.token, std::move(decided).error()});
      return success();
    }
    now.replies.push_back({from.token, success()});
    if (!decided.value().empty())
      take(command, digest, std::move(decided).value(), now, intent);
    return success();
  }

  decision<typename A::fact> decide(const command_envelope& command) const {
    const auto mine = detail::narrowed<typename A::command>(command.what);
    if (!mine)
      return refuse(errc::invalid_transition,
                    "'" + stream().text() + "' takes no command of this kind");
    return A::decide(state_, *mine, command.at);
  }

  void take(const command_envelope& command,
            const uuid& digest,
            std::vector<typename A::fact> facts,
            work& now,
            append_intent& intent) {
    append_entry entry{command.id, command.correlation, command.causation, {}};
    entry.facts.reserve(facts.size());
    for (auto& fact : facts) {
      state_ = A::evolve(std::move(state_), fact);
      append(now.wanted, A::react(std::as_const(state_), fact));
      entry.facts.push_back(
          std::visit([](auto&& f) { return any_fact{std::move(f)}; }, std::move(fact)));
    }
    version_ += entry.facts.size();
    intent.at = command.at;
    intent.entries.push_back(std::move(entry));
    if (!command.id.empty())
      answered_.remember(digest);
  }

  typename A::state state_{};
};

} // namespace ash
