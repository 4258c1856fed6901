#include "actors/definitions/price_book.hpp"

#include "actors/definitions/definitions.hpp"
#include "events/base/json.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::definitions {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = std::size_t{16} << 20;
constexpr std::size_t most_rows = 20'000;
constexpr std::size_t longest_name = 256;
constexpr std::string_view extension = ".json";

std::string_view text_in(const json::object& of, std::string_view name) {
  const auto* found = of.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view{found->get_string()}
                                                : std::string_view{};
}

/// Dollars a token, exactly; nothing where that is not what `text` says.
std::optional<usd> token_price(std::string_view text) {
  const auto read = parse_usd(text);
  if (!read || read.value() < usd{} || read.value() > max_token_price)
    return std::nullopt;
  return read.value();
}

bool is_free(const json::object& prices, std::string_view name) {
  const auto* found = prices.if_contains(name);
  return found == nullptr || token_price(text_in(prices, name)) == usd{};
}

bool is_model_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::optional<model_price> price_in(const json::object& of) {
  const auto input = token_price(text_in(of, "prompt"));
  auto output = token_price(text_in(of, "completion"));
  if (!input || !output || !is_free(of, "request"))
    return std::nullopt;
  model_price out{*input, *input, *output};
  if (of.contains("input_cache_read")) {
    const auto cached = token_price(text_in(of, "input_cache_read"));
    if (!cached || *cached > *input)
      return std::nullopt;
    out.cached_input = *cached;
  }
  // Thought is output too, and what it costs at most is what output has to be estimated at.
  if (of.contains("internal_reasoning")) {
    const auto thought = token_price(text_in(of, "internal_reasoning"));
    if (!thought)
      return std::nullopt;
    out.output = std::max(out.output, *thought);
  }
  return out;
}

error wrong_answer(const std::string& provider, const std::string& why) {
  return refuse(errc::provider_response_invalid,
                "what '" + provider + "' answers about its models " + why +
                    ": put prices into the configuration's `prices`")
      .with("provider", provider);
}

price_row row_of(std::string model, const model_price& price, std::string_view at) {
  constexpr std::size_t date_length = 10;
  return {
      std::move(model), price, std::string{at.substr(0, date_length)}, price_source::fetched, true};
}

json::object kept_form(const fetched_prices& what) {
  json::array models;
  for (const auto& row : what.rows)
    models.push_back(json::object{{"model", row.model},
                                  {"input", to_string(row.price.input).substr(1)},
                                  {"cached_input", to_string(row.price.cached_input).substr(1)},
                                  {"output", to_string(row.price.output).substr(1)}});
  return {{"provider", what.provider},
          {"fetched_at", what.fetched_at},
          {"left_out", what.left_out},
          {"models", std::move(models)}};
}

std::optional<fetched_prices> from_kept_form(const json::value& whole, const std::string& name) {
  const auto* top = whole.if_object();
  if (top == nullptr || text_in(*top, "provider") != name)
    return std::nullopt;
  const auto* models = top->if_contains("models");
  const auto* left_out = top->if_contains("left_out");
  fetched_prices out;
  out.provider = name;
  out.fetched_at = text_in(*top, "fetched_at");
  if (out.fetched_at.empty() || models == nullptr || !models->is_array() ||
      models->get_array().size() > most_rows || left_out == nullptr || !left_out->is_int64())
    return std::nullopt;
  out.left_out = static_cast<std::size_t>(std::max<std::int64_t>(left_out->get_int64(), 0));
  for (const auto& each : models->get_array()) {
    const auto* row = each.if_object();
    if (row == nullptr)
      return std::nullopt;
    const auto model = text_in(*row, "model");
    const auto input = token_price(text_in(*row, "input"));
    const auto cached = token_price(text_in(*row, "cached_input"));
    const auto output = token_price(text_in(*row, "output"));
    if (!model.starts_with(name + ':') || !input || !cached || !output)
      return std::nullopt;
    out.rows.push_back(row_of(std::string{model}, {*input, *cached, *output}, out.fetched_at));
  }
  return out;
}

result<fetched_prices> read_kept(const fs::path& file) {
  yaml::limits bounds;
  bounds.max_bytes = most_bytes;
  TRY(const auto text, yaml::read_text(file.string(), bounds));
  const auto parsed = parse_json(text, "fetched prices", {most_bytes});
  auto out = parsed ? from_kept_form(parsed.value(), file.stem().string()) : std::nullopt;
  if (!out)
    return refuse(
               errc::config_invalid,
               "the prices kept in " + printable(file.string()) +
                   " are damaged: remove the file, or run `actor-shell pricing fetch --provider " +
                   file.stem().string() + "`")
        .with("file", file.string());
  return std::move(*out);
}

/// The kept files, sorted.
std::vector<fs::path> files_in(const std::string& directory) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed))
    if (at->path().extension() == extension && is_name(at->path().stem().string()))
      out.push_back(at->path());
  std::sort(out.begin(), out.end());
  return out;
}

/// Changes with every file that is replaced.
std::string look_of(const std::string& directory) {
  std::string out;
  for (const auto& file : files_in(directory)) {
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0)
      continue;
    out += file.filename().string() + ' ' + std::to_string(facts.st_ino) + ' ' +
           std::to_string(facts.st_size) + ' ' + std::to_string(facts.st_mtim.tv_sec) + '.' +
           std::to_string(facts.st_mtim.tv_nsec) + '\n';
  }
  return out;
}

bool write_whole(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

} // namespace

result<fetched_prices>
parse_models(const std::string& provider, std::string_view body, instant fetched_at) {
  const auto parsed = parse_json(body, "the list of models", {most_bytes});
  if (!parsed)
    return wrong_answer(provider, "is no JSON (" + parsed.error().message + ")");
  const auto* top = parsed.value().if_object();
  const auto* data = top == nullptr ? nullptr : top->if_contains("data");
  if (data == nullptr || !data->is_array())
    return wrong_answer(provider, "has no list `data`");
  if (data->get_array().size() > most_rows)
    return wrong_answer(provider, "lists more than " + std::to_string(most_rows) + " models");
  fetched_prices out;
  out.provider = provider;
  out.fetched_at = to_iso(fetched_at);
  for (const auto& each : data->get_array()) {
    const auto* model = each.if_object();
    const auto name = model == nullptr ? std::string_view{} : text_in(*model, "id");
    const auto* prices = model == nullptr ? nullptr : model->if_contains("pricing");
    const auto price =
        prices != nullptr && prices->is_object() ? price_in(prices->get_object()) : std::nullopt;
    if (price && is_model_name(name))
      out.rows.push_back(row_of(provider + ':' + std::string{name}, *price, out.fetched_at));
    else
      ++out.left_out;
  }
  if (out.rows.empty())
    return wrong_answer(provider, "has no prices");
  return out;
}

result<void> keep_prices(const std::string& directory, const fetched_prices& what) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("can't make '" + printable(directory) + "'", errno);
  const auto path = directory + '/' + what.provider + std::string{extension};
  const auto fresh = path + ".new." + std::to_string(::getpid());
  ::unlink(fresh.c_str());
  const auto file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return system_error("can't make '" + printable(fresh) + "'", errno);
  const auto written = write_whole(file, to_json_text(kept_form(what)) + '\n');
  const auto why = errno;
  ::close(file);
  if (written && ::rename(fresh.c_str(), path.c_str()) == 0)
    return success();
  auto refused = system_error("can't write '" + printable(path) + "'", written ? errno : why);
  ::unlink(fresh.c_str());
  return refused;
}

result<std::vector<fetched_prices>> kept_prices(const std::string& directory) {
  std::vector<fetched_prices> out;
  for (const auto& file : files_in(directory)) {
    TRY(auto one, read_kept(file));
    out.push_back(std::move(one));
  }
  return out;
}

result<std::shared_ptr<price_book>> price_book::open(std::vector<price_row> configured,
                                                     std::string directory) {
  const std::shared_ptr<price_book> out{
      new price_book{std::move(configured), std::move(directory)}};
  TRY(out->read());
  return out;
}

result<void> price_book::read() {
  seen_ = look_of(directory_);
  TRY(const auto kept, kept_prices(directory_));
  auto rows = configured_;
  for (const auto& one : kept)
    rows.insert(rows.end(), one.rows.begin(), one.rows.end());
  const auto& shipped = price_table::shipped().rows();
  rows.insert(rows.end(), shipped.begin(), shipped.end());
  table_ = std::make_shared<const price_table>(std::move(rows));
  return success();
}

std::shared_ptr<const price_table> price_book::now() {
  const std::lock_guard lock{mutex_};
  if (look_of(directory_) != seen_)
    static_cast<void>(read()); // a damaged file leaves the prices as they were
  return table_;
}

} // namespace ash::definitions
