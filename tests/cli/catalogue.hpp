// A catalogue of gettext (.po or .pot) as it is written, and what is wrong with a translation.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ash::cli {

struct translation {
  std::string text;
  bool fuzzy = false;
};

struct catalogue {
  std::map<std::string, translation> messages; ///< without the header
  std::vector<std::string> obsolete;           ///< lines that gettext keeps as a comment
};

catalogue read_catalogue(std::string_view text);

/// The fields of fmt in `text`, in the order of the values: `{1}` of two comes second. What is
/// between doubled braces is text.
std::vector<std::string> fields_of(std::string_view text);

/// One line a fault: what of `wanted` is missing, fuzzy, empty or unlike its original in `given`,
/// and what `given` has that is not wanted any more. Empty for a whole translation.
std::vector<std::string> faults_of(const catalogue& given, const catalogue& wanted);

} // namespace ash::cli
