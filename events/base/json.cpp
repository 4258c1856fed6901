#include "events/base/json.hpp"

#include "events/base/text.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <vector>

namespace ash {
namespace {

/// Sees the keys that a DOM would merge: finds an object with the same key twice.
class duplicate_key_finder {
public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::string duplicate;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    open_.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
    key_.append(part.data(), part.size());
    if (!open_.back().insert(key_).second) {
      duplicate = key_;
      ec = json::error::extra_data;
      return false;
    }
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

private:
  std::vector<std::set<std::string, std::less<>>> open_;
  std::string key_;
};

void write_canonical(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> sorted;
    for (const auto& pair : *object)
      sorted.push_back(&pair);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
      return a->key() < b->key();
    });
    out += '{';
    for (const auto* pair : sorted) {
      if (out.back() != '{')
        out += ',';
      out.append(json::serialize(json::string_view{pair->key()})) += ':';
      write_canonical(pair->value(), out);
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      if (&item != array->data())
        out += ',';
      write_canonical(item, out);
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

} // namespace

result<json::value> parse_json(std::string_view text, std::string_view what, json_limits limits) {
  const auto named = [&](std::string reason) {
    return refuse(errc::argument_invalid, std::string{what} + " " + std::move(reason));
  };
  if (text.size() > limits.max_bytes)
    return named("is larger than " + std::to_string(limits.max_bytes) + " bytes");
  if (!is_valid_utf8(text))
    return named("is not valid UTF-8");
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::error_code ec;
  json::basic_parser<duplicate_key_finder> finder{options};
  const auto consumed = finder.write_some(false, text.data(), text.size(), ec);
  if (!finder.handler().duplicate.empty())
    return named("has the key '" + printable(finder.handler().duplicate) + "' twice");
  if (!ec && consumed < text.size())
    ec = json::error::extra_data;
  if (ec)
    return named("is not JSON: " + ec.message() + " at byte " + std::to_string(consumed));
  auto value = json::parse(text, ec, {}, options);
  if (ec)
    return named("is not JSON: " + ec.message());
  return value;
}

std::string canonical_json(const json::value& value) {
  std::string out;
  write_canonical(value, out);
  return out;
}

std::string to_json_text(const json::value& value) {
  return json::serialize(value);
}

} // namespace ash
