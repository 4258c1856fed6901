// Takes secrets out of text before anyone keeps or shows it: keys of known shapes, bearer tokens,
// private keys, and the exact values of the keys in use. It knows texts alone, reads nothing, and
// leaves JSON as valid as it was: what it puts in has no character that JSON escapes.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ash {

/// Immutable, so thread-safe. Time is linear in the text.
class scrubber {
public:
  /// `values`: secrets that are found wherever they stand. Those under 8 bytes are not taken: they
  /// would be found in ordinary text.
  explicit scrubber(std::vector<std::string> values = {});

  /// `text` with each secret replaced by `[redacted:KIND]`.
  [[nodiscard]] std::string clean(std::string text) const;

  /// What stands at a place of a text.
  struct match {
    std::string_view kind = {}; ///< empty: no secret
    std::size_t keep = 0;       ///< bytes before the secret, for example `Bearer `
    std::size_t size = 0;       ///< of the secret
    bool open = false;          ///< more text could make it a secret, or a longer one
  };
  [[nodiscard]] match at(std::string_view text, std::size_t place) const;

private:
  std::vector<std::string> values_; ///< the longest first
  bool may_begin_[256] = {};
};

/// The scrubber of the moment: it learns the keys that come into use. Thread-safe.
class live_scrubber {
public:
  [[nodiscard]] std::shared_ptr<const scrubber> now() const;
  /// From now on `value` is a secret too.
  void add(const std::string& value);

private:
  mutable std::mutex mutex_;
  std::vector<std::string> values_;
  std::shared_ptr<const scrubber> now_ = std::make_shared<const scrubber>();
};

/// Cleans a text that comes in pieces: a secret that is cut over two of them is found too. What
/// could be the beginning of one waits for the next piece.
class scrubbing_stream {
public:
  explicit scrubbing_stream(std::shared_ptr<const scrubber> with) : with_{std::move(with)} {}

  /// What can be shown now.
  std::string add(std::string_view piece);
  /// What still waits; the stream begins anew.
  std::string finish();

private:
  std::shared_ptr<const scrubber> with_;
  std::string text_; ///< `context_` bytes that were shown, then those that wait
  std::size_t context_ = 0;
};

} // namespace ash
