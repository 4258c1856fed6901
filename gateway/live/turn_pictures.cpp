#include "gateway/live/turn_pictures.hpp"

#include "events/codec/codec.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/mp11/algorithm.hpp>

namespace ash::gateway {
namespace {

constexpr std::int64_t shortest_pause_us = 500 * us_per_ms;
/// Readers that keep up are so few snapshots apart.
constexpr std::size_t kept_of_a_stream = 16;
/// Beyond these all is forgotten, and made again from the log for who still wants it.
constexpr std::size_t most_bytes = std::size_t{32} << 20;
constexpr std::size_t most_streams = 10'000;
/// Snapshots of so many facts before the one that is asked for are not made any more.
constexpr std::uint64_t reach = 256;
constexpr std::uint64_t page = 256;

bool may_have_one(const feed::event& what) {
  const auto kind = what.stream().kind();
  if ((kind != entity_kind::session && kind != entity_kind::phase) || what.pruned())
    return false;
  static constexpr std::array<std::string_view, 3> of_turns{"turn.", "step.", "llm."};
  return std::any_of(of_turns.begin(), of_turns.end(), [&](std::string_view begin) {
    return what.type().starts_with(begin);
  });
}

std::optional<turn::fact> of_a_turn(any_fact&& from) {
  return std::visit(
      [](auto&& f) -> std::optional<turn::fact> {
        if constexpr (boost::mp11::mp_contains<turn::fact, std::decay_t<decltype(f)>>::value)
          return turn::fact{std::move(f)};
        else
          return std::nullopt;
      },
      std::move(from));
}

} // namespace

bool turn_pictures::is_end(std::string_view type) {
  return type == turn::completed::type || type == turn::interrupted::type ||
         type == turn::failed::type;
}

result<std::shared_ptr<const std::string>> turn_pictures::of(const feed::event& what) {
  if (!may_have_one(what))
    return nullptr;
  const std::lock_guard guard{lock_};
  auto found = all_.find(what.stream());
  if (found == all_.end()) {
    TRY(auto begun, begin(what));
    found = all_.emplace(what.stream(), std::move(begun)).first;
  }
  auto& one = found->second;
  TRY(advance(one, what.stream(), what.version()));
  const auto made = std::find_if(one.made.begin(), one.made.end(), [&](const auto& each) {
    return each.first == what.version();
  });
  auto out = made == one.made.end() ? nullptr : made->second;
  if (bytes_ > most_bytes || all_.size() > most_streams) {
    all_.clear();
    bytes_ = 0;
  }
  return out;
}

/// Just before the start of the turn that the event is of; at the event where there is none.
result<turn_pictures::followed> turn_pictures::begin(const feed::event& at) const {
  followed out;
  for (auto before = at.version(); before > 0;) {
    const auto first = before > page ? before - page : 0;
    for (auto version = first; version < before;) {
      TRY(const auto records, log_.read_stream(at.stream(), version));
      if (records.empty())
        break;
      for (const auto& each : records)
        if (each.version <= before && each.type == turn::started::type)
          out.version = each.version;
      version = records.back().version;
    }
    if (out.version != 0) {
      --out.version;
      return out;
    }
    before = first;
  }
  out.version = at.version();
  return out;
}

result<void> turn_pictures::advance(followed& one, const stream_id& stream, std::uint64_t version) {
  while (one.version < version) {
    TRY(const auto records, log_.read_stream(stream, one.version));
    if (records.empty())
      return success();
    for (const auto& each : records) {
      TRY(take(one, each, version));
    }
  }
  return success();
}

result<void> turn_pictures::take(followed& one, const log::record& next, std::uint64_t wanted) {
  if (is_end(next.type))
    make(one, next, wanted);
  one.version = next.version;
  one.position = next.position;
  one.at = next.at;
  if (next.pruned)
    return success();
  TRY(auto fact, codec::decode(next.type, next.schema_version, next.payload));
  const auto happened = of_a_turn(std::move(fact));
  if (!happened)
    return success();
  switch (one.picture.take(*happened)) {
  case turn_picture::change::piece:
    if (next.at - one.last_made >= shortest_pause_us)
      make(one, next, wanted);
    break;
  case turn_picture::change::step:
    make(one, next, wanted);
    break;
  case turn_picture::change::none:
  case turn_picture::change::end:
    break;
  }
  return success();
}

void turn_pictures::make(followed& one, const log::record& with, std::uint64_t wanted) {
  if (!one.picture.is_open())
    return;
  one.last_made = one.at;
  if (with.version + reach < wanted)
    return;
  auto text = to_json_text(json::object{{"stream", with.stream.text()},
                                        {"version", one.version},
                                        {"position", one.position},
                                        {"at", to_iso(one.at)},
                                        {"turn", one.picture.to_json()}});
  bytes_ += text.size();
  one.made.emplace_back(with.version, std::make_shared<const std::string>(std::move(text)));
  if (one.made.size() <= kept_of_a_stream)
    return;
  bytes_ -= one.made.front().second->size();
  one.made.pop_front();
}

} // namespace ash::gateway
