#include "events/base/yaml.hpp"

#include "events/base/text.hpp"

#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace ash::yaml {
namespace {

std::string position(std::string_view file, int line, int column) {
  return std::string{file} + ':' + std::to_string(line) + ':' + std::to_string(column);
}

/// What ends the parsing: thrown through yaml-cpp, caught in `parse`.
struct refused {
  YAML::Mark mark;
  std::string why;
};

/// Builds the tree from yaml-cpp's events: unlike its nodes, they show aliases and duplicate keys.
class tree_builder final : public YAML::EventHandler {
public:
  explicit tree_builder(const limits& bounds) : bounds_(bounds) {}

  node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(begin(mark, "?", anchor, kind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw refused{mark, "aliases are not accepted: write the value out"};
  }
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    auto made = begin(mark, tag, anchor, kind::scalar);
    made.text = value;
    made.quoted = tag == "!";
    add(std::move(made));
  }
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(begin(mark, tag, anchor, kind::sequence), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(begin(mark, tag, anchor, kind::mapping), mark);
  }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    node made;
    std::optional<entry> pending; ///< a key of a mapping, waiting for its value
    std::set<std::string, std::less<>> keys;
  };

  node begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, kind what) {
    if (anchor != 0)
      throw refused{mark, "anchors are not accepted"};
    if (!tag.empty() && tag != "?" && tag != "!")
      throw refused{mark, "tags are not accepted: '" + printable(utf8_prefix(tag, 80)) + "'"};
    if (++nodes_ > bounds_.max_nodes)
      throw refused{mark, "more than " + std::to_string(bounds_.max_nodes) + " values"};
    node made;
    made.what = what;
    made.line = mark.line + 1;
    made.column = mark.column + 1;
    return made;
  }

  void open(node made, const YAML::Mark& mark) {
    if (open_.size() >= bounds_.max_depth)
      throw refused{mark, "nested deeper than " + std::to_string(bounds_.max_depth) + " levels"};
    if (expects_key())
      throw refused{mark, "a key must be plain text"};
    open_.push_back({std::move(made), std::nullopt, {}});
  }

  void close() {
    auto made = std::move(open_.back().made);
    open_.pop_back();
    add(std::move(made));
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().made.what == kind::mapping && !open_.back().pending;
  }

  void add(node made) {
    if (open_.empty()) {
      root_ = std::move(made);
      return;
    }
    auto& top = open_.back();
    if (top.made.what == kind::sequence) {
      top.made.items.push_back(std::move(made));
    } else if (top.pending) {
      top.pending->value = std::move(made);
      top.made.entries.push_back(std::move(*top.pending));
      top.pending.reset();
    } else {
      add_key(top, std::move(made));
    }
  }

  static void add_key(frame& top, node made) {
    const YAML::Mark at = [&] {
      YAML::Mark mark;
      mark.line = made.line - 1;
      mark.column = made.column - 1;
      return mark;
    }();
    if (made.what != kind::scalar)
      throw refused{at, "a key must be plain text"};
    if (!made.quoted && made.text == "<<")
      throw refused{at, "merge keys are not accepted"};
    if (!top.keys.insert(made.text).second)
      throw refused{at, "duplicate key '" + printable(utf8_prefix(made.text, 80)) + "'"};
    top.pending = entry{std::move(made.text), made.line, made.column, {}};
  }

  limits bounds_;
  std::size_t nodes_ = 0;
  std::vector<frame> open_;
  node root_;
};

/// The position of byte `offset`, 1-based.
std::pair<int, int> position_of(std::string_view text, std::size_t offset) {
  int line = 1;
  int column = 1;
  for (const auto c : text.substr(0, offset)) {
    line += c == '\n' ? 1 : 0;
    column = c == '\n' ? 1 : column + 1;
  }
  return {line, column};
}

/// The first byte that no YAML text of ours may have, or npos.
std::size_t find_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F)
      return i;
  }
  return std::string_view::npos;
}

std::size_t find_invalid_utf8(std::string_view text) {
  const auto repaired = to_valid_utf8(text);
  std::size_t i = 0;
  while (i < text.size() && i < repaired.size() && text[i] == repaired[i])
    ++i;
  return i;
}

bool is_json_number(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const auto from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9')
      ++i;
    return i - from;
  };
  if (text.starts_with('-'))
    i = 1;
  const auto whole_at = i;
  const auto whole = digits();
  if (whole == 0 || (whole > 1 && text[whole_at] == '0'))
    return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0)
      return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-'))
      ++i;
    if (digits() == 0)
      return false;
  }
  return i == text.size();
}

json::value scalar_to_json(const node& from) {
  if (!from.quoted) {
    if (from.text == "true" || from.text == "false")
      return from.text == "true";
    if (is_json_number(from.text))
      if (auto number = parse_json(from.text, "a number"))
        return std::move(number).value();
  }
  return json::value(json::string_view{from.text});
}

} // namespace

const node* node::find(std::string_view key) const noexcept {
  for (const auto& each : entries)
    if (each.key == key)
      return &each.value;
  return nullptr;
}

result<document> parse(std::string_view text, std::string file, errc code, const limits& bounds) {
  const auto refused_at = [&](int line, int column, std::string why) {
    return refuse(code, position(file, line, column) + ": " + std::move(why))
        .with("file", file)
        .with("line", std::to_string(line))
        .with("column", std::to_string(column));
  };
  const auto refused_at_byte = [&](std::size_t offset, std::string why) {
    const auto [line, column] = position_of(text, offset);
    return refused_at(line, column, std::move(why));
  };
  if (text.size() > bounds.max_bytes)
    return refused_at(1, 1, "larger than " + std::to_string(bounds.max_bytes) + " bytes");
  if (!is_valid_utf8(text))
    return refused_at_byte(find_invalid_utf8(text), "not valid UTF-8");
  if (const auto at = find_control(text); at != std::string_view::npos)
    return refused_at_byte(at, "a control character");

  tree_builder builder{bounds};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    if (parser.HandleNextDocument(builder)) {
      document made{file, builder.take_root()};
      tree_builder rest{bounds};
      if (parser.HandleNextDocument(rest))
        return refused_at(rest.take_root().line, 1, "more than one document in a file");
      return made;
    }
    return document{std::move(file), {}};
  } catch (const refused& e) {
    return refused_at(e.mark.line + 1, e.mark.column + 1, e.why);
  } catch (const YAML::Exception& e) {
    return refused_at(e.mark.line + 1, e.mark.column + 1, "not YAML: " + printable(e.msg));
  } catch (const std::exception& e) {
    return refused_at(1, 1, "not YAML: " + printable(e.what()));
  }
}

result<std::string> read_text(const std::string& path, const limits& bounds) {
  errno = 0;
  std::ifstream stream{path, std::ios::binary};
  if (!stream)
    return system_error("cannot open '" + printable(path) + "'",
                        errno,
                        errno == ENOENT ? errc::file_not_found : errc::io_failed)
        .with("file", path);
  std::string text(bounds.max_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (stream.fail() && !stream.eof()))
    return system_error("cannot read '" + printable(path) + "'", errno).with("file", path);
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

result<document> load(const std::string& path, errc code, const limits& bounds) {
  TRY(const auto text, read_text(path, bounds));
  return parse(text, path, code, bounds);
}

json::value to_json(const node& from) {
  switch (from.what) {
  case kind::null:
    return nullptr;
  case kind::scalar:
    return scalar_to_json(from);
  case kind::sequence: {
    json::array list;
    for (const auto& item : from.items)
      list.push_back(to_json(item));
    return list;
  }
  case kind::mapping: {
    json::object object;
    for (const auto& each : from.entries)
      object.emplace(each.key, to_json(each.value));
    return object;
  }
  }
  return nullptr;
}

} // namespace ash::yaml
