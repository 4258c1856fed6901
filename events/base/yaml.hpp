// YAML that people write (definitions, configuration, scripts), read strictly: a value tree with
// positions, and a reader that takes fields by name and refuses what it does not know. It belongs
// to whoever loads a file. It never follows aliases or tags and never guesses a type.
#pragma once

#include "events/base/json.hpp"
#include "events/base/money.hpp"
#include "events/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::yaml {

// -- the value tree ------------------------------------------------------------------------------

enum class kind : std::uint8_t { null, scalar, sequence, mapping };

struct entry;

/// One value. `line` and `column` are 1-based and point at its first character.
struct node {
  kind what = kind::null;
  int line = 1;
  int column = 1;
  std::string text = {};           ///< of a scalar
  bool quoted = false;             ///< a quoted or block scalar: always text, never a number
  std::vector<node> items = {};    ///< of a sequence
  std::vector<entry> entries = {}; ///< of a mapping, in the order of the file, keys unique

  /// The value of `key` in a mapping, or null.
  [[nodiscard]] const node* find(std::string_view key) const noexcept;
};

struct entry {
  std::string key;
  int line = 1;
  int column = 1;
  node value;
};

struct document {
  std::string file; ///< the name that errors carry
  node root;
};

struct limits {
  std::size_t max_bytes = std::size_t{1} << 20;
  std::size_t max_depth = 32;
  std::size_t max_nodes = 100'000;
};

/// Parses one YAML document; an empty text is a null root. Refuses with `code`, as
/// `file:line:column: what`, and details `file`, `line`, `column`: broken YAML, a second document,
/// duplicate keys, keys that are not scalars, anchors, aliases, tags, invalid UTF-8 and what is
/// beyond `bounds`.
result<document> parse(std::string_view text,
                       std::string file,
                       errc code = errc::config_invalid,
                       const limits& bounds = {});

/// The bytes of the file at `path`, at most one more than `bounds` allows, so that `parse` refuses
/// a larger one. Errors: `file_not_found`, `io_failed`.
result<std::string> read_text(const std::string& path, const limits& bounds = {});

/// Reads and parses the file at `path`. Errors: `file_not_found`, `io_failed`, and those of
/// `parse`.
result<document>
load(const std::string& path, errc code = errc::config_invalid, const limits& bounds = {});

/// The JSON value of a tree. A plain scalar that is a JSON number, `true`, `false` or `null` has
/// that type; every other scalar, and every quoted one, is a string.
json::value to_json(const node& from);

// -- reading fields ------------------------------------------------------------------------------

/// The reading of one document: keeps the first error that any of its readers meets. An error about
/// a missing field yields to one that says more, for example an unknown field (a misspelt name).
class reading {
public:
  explicit reading(const document& source, errc code = errc::config_invalid)
      : source_(source), code_(code) {}

  /// Records `file:line:column: field 'path': message`.
  void fail(const node& at, std::string_view path, std::string message);
  void fail(errc code, int line, int column, std::string_view path, std::string message);
  void fail_missing(const node& owner, std::string_view path);

  [[nodiscard]] bool failed() const noexcept { return first_ || missing_; }
  /// The error, if any. Errors carry the details `file`, `line`, `column`, `field`.
  [[nodiscard]] result<> outcome() const;

private:
  [[nodiscard]] error
  at_position(errc code, int line, int column, std::string_view path, std::string message) const;

  const document& source_;
  errc code_;
  std::optional<error> first_;
  std::optional<error> missing_;
};

/// Bounds of an integer field, both inclusive.
struct int_range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// Takes the fields of one mapping by name. A method without `_if` reports a missing field; every
/// one reports a wrong type. After an error it gives an empty value, so that reading goes on
/// plainly:
///
///   yaml::reading in(document, errc::definition_invalid);
///   yaml::object_reader top(in, document.root);
///   definition.name = top.text("name");
///   for (auto& phase : top.objects("phases")) { …; phase.finish(); }
///   top.finish();
///   TRY(in.outcome());
class object_reader {
public:
  object_reader(reading& in, const node& at, std::string path = "");

  /// Text of one or more bytes. A plain number is accepted as its text.
  std::string text(std::string_view name);
  std::optional<std::string> text_if(std::string_view name);
  std::int64_t integer(std::string_view name, int_range bounds = {});
  std::optional<std::int64_t> integer_if(std::string_view name, int_range bounds = {});
  std::optional<double> number_if(std::string_view name, double min, double max);
  std::optional<bool> boolean_if(std::string_view name);
  /// A decimal number of dollars, not negative.
  usd money(std::string_view name);
  std::optional<usd> money_if(std::string_view name);
  /// A list of non-empty texts; empty where the field is absent.
  std::vector<std::string> texts_if(std::string_view name);
  std::optional<std::vector<std::string>> maybe_texts(std::string_view name);
  /// A mapping.
  object_reader object(std::string_view name);
  std::optional<object_reader> object_if(std::string_view name);
  /// A list of mappings.
  std::vector<object_reader> objects(std::string_view name);
  std::vector<object_reader> objects_if(std::string_view name);
  /// A mapping with free keys: its entries in order; empty where the field is absent.
  std::vector<std::pair<std::string, object_reader>> named_objects_if(std::string_view name);
  /// One of `allowed`: its position in the list. Required, or `nullopt` where absent.
  std::size_t one_of(std::string_view name, const std::vector<std::string_view>& allowed);
  std::optional<std::size_t> one_of_if(std::string_view name,
                                       const std::vector<std::string_view>& allowed);
  /// The value itself, of any kind, or null where absent.
  const node* any_if(std::string_view name);

  /// Reports an error of meaning at the field `name` (at the mapping itself where it is absent).
  void fail(std::string_view name, std::string message);
  /// Reports the first field that was never asked for: `unknown_field`, listing the known ones.
  void finish();

  [[nodiscard]] const node& at() const noexcept { return *at_; }
  /// `a.b[2].c`; of the field `name` in this mapping where it is not empty.
  [[nodiscard]] std::string path(std::string_view name = {}) const;
  [[nodiscard]] reading& in() const noexcept { return *in_; }

private:
  const node* take(std::string_view name);
  const node* require(std::string_view name);
  void wrong(std::string_view name, const node& found, std::string_view expected);
  std::optional<std::string> as_text(std::string_view name, const node& found);
  std::optional<std::int64_t> as_integer(std::string_view name, const node& found, int_range b);
  std::optional<usd> as_money(std::string_view name, const node& found);
  std::vector<object_reader> as_objects(std::string_view name, const node& found);
  std::optional<std::size_t>
  as_one_of(std::string_view name, const node& found, const std::vector<std::string_view>& allowed);

  reading* in_;
  const node* at_;
  std::string path_;
  std::vector<std::string> known_;
};

} // namespace ash::yaml
