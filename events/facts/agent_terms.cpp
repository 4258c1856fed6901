#include "events/facts/common.hpp"

#include <functional>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ash {
namespace {

/// The terms that anyone holds, by a hash of what tells them apart most of the time.
class terms_table {
public:
  std::shared_ptr<const agent_terms> find_or_add(agent_terms&& value) {
    const auto hash = hash_of(value);
    // Let go of only after the lock: each may be the last of its kind by then, and is forgotten.
    std::vector<std::shared_ptr<const agent_terms>> held;
    const std::lock_guard guard{lock_};
    const auto [first, last] = known_.equal_range(hash);
    for (auto each = first; each != last; ++each)
      if (held.push_back(each->second.lock()); held.back() && *held.back() == value)
        return held.back();
    held.emplace_back(new agent_terms{std::move(value)}, [this, hash](const agent_terms* unused) {
      delete unused;
      forget(hash);
    });
    known_.emplace(hash, held.back());
    return held.back();
  }

private:
  static std::size_t hash_of(const agent_terms& of) {
    std::size_t sum = of.models.size() + 31 * of.tools.size();
    for (const std::string_view each :
         {of.persona, of.persona_hash, of.policy_hash, of.system_prompt})
      sum = 31 * sum + std::hash<std::string_view>{}(each);
    return sum;
  }

  /// Those of this hash that nobody holds any more.
  void forget(std::size_t hash) {
    const std::lock_guard guard{lock_};
    const auto [first, last] = known_.equal_range(hash);
    for (auto each = first; each != last;)
      each = each->second.expired() ? known_.erase(each) : std::next(each);
  }

  std::mutex lock_;
  std::unordered_multimap<std::size_t, std::weak_ptr<const agent_terms>> known_;
};

} // namespace

std::shared_ptr<const agent_terms> intern(agent_terms value) {
  // For the life of the process: terms may be held by what ends after all else.
  static auto& all = *new terms_table;
  return all.find_or_add(std::move(value));
}

} // namespace ash
