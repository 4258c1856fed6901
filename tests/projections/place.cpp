#include "tests/projections/place.hpp"

#include "projections/generation.hpp"
#include "tests/projections/postgres.hpp"

#include <cstdlib>

namespace ash::projections::testing {

namespace fs = std::filesystem;

std::string name_of_kind(const ::testing::TestParamInfo<kind>& of) {
  return of.param == kind::sqlite ? "sqlite" : "postgres";
}

place::place(kind where) {
  auto path = (fs::temp_directory_path() / "ash-projections-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    throw std::runtime_error("no temporary directory");
  directory_ = path;
  if (where == kind::postgres)
    url_ = postgres::running().new_database();
}

place::~place() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::unique_ptr<store> place::a_store() const {
  return must(make_store(directory_, url_));
}

void each_store::catch_up(const read_models& with) const {
  must(with.wait_for(log->head(), std::chrono::seconds{60}));
}

void each_store::meddle(const std::string& script) const {
  const auto to = at.a_store();
  const auto with = must(to->connect());
  const auto live = must(find_generation(*with, generation_state::live));
  auto text = script;
  for (auto open = text.find('{'); open != std::string::npos; open = text.find('{')) {
    const auto close = text.find('}', open);
    text.replace(open, close - open + 1, live->table(text.substr(open + 1, close - open - 1)));
  }
  must(with->run(text));
}

} // namespace ash::projections::testing
