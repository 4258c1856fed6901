#include "gateway/web/page.hpp"

#include "gateway/web/embedded.hpp"

#include <string>
#include <vector>

namespace ash::gateway {
namespace {

struct page {
  std::vector<std::string> paths; ///< that the files refer to
  std::vector<static_file> files;
};

page make_page() {
  page made;
  const auto embedded = web::embedded_files();
  made.paths.reserve(embedded.size());
  for (const auto& each : embedded) {
    made.paths.push_back('/' + std::string{each.path});
    made.files.push_back({made.paths.back(), each.text});
  }
  return made;
}

} // namespace

std::span<const static_file> page_files() {
  static const page whole = make_page();
  return whole.files;
}

} // namespace ash::gateway
