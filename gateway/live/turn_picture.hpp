// What has become of a turn so far, folded from the facts of its owner's stream: numbered groups
// (one a step) of thinking, text, tool and error items, and what it has used. A value; it reads
// nothing. Private to gateway/live.
#pragma once

#include "events/base/json.hpp"
#include "events/facts/turn.hpp"

#include <vector>

namespace ash::gateway {

class turn_picture {
public:
  /// What a fact made of the picture.
  enum class change : std::uint8_t {
    none,
    piece, ///< one more piece of a streaming answer
    step,  ///< a start, a group, a tool, usage
    end,   ///< the turn is over
  };
  /// A fact of a turn; where no turn is open, only its start changes anything.
  change take(const turn::fact& what);

  [[nodiscard]] bool is_open() const noexcept { return !status_.empty(); }
  /// {"turn", "status", "groups": [{"step", "items": […]}], "usage", "cost"}.
  [[nodiscard]] json::object to_json() const;

private:
  enum class item_kind : std::uint8_t { thinking, text, tool, error };
  struct item {
    item_kind kind = item_kind::text;
    std::string text;       ///< of a tool its name, of an error the message
    std::string status;     ///< of a tool
    std::string code;       ///< of an error, or of a tool that failed
    tool_call_id tool_call; ///< of a tool
  };
  struct group {
    std::int64_t step = 0;
    std::vector<item> items;
  };

  change keep(const turn::call_completed& f);
  change keep(const turn::call_failed& f);
  change keep(const turn::tool_called& f);
  change keep(const turn::tool_answered& f);
  change close();
  void piece(item_kind kind, const std::string& text);
  void spend(const token_usage& usage, usd cost);
  std::vector<item>& items();
  static json::object to_json(const item& of);

  turn_id turn_;
  std::string status_; ///< empty: no turn is open
  std::vector<group> groups_;
  token_usage usage_;
  usd cost_;
};

} // namespace ash::gateway
