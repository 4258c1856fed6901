// The folder table of ARCHITECTURE.md, read as rules: which folders exist, whom each may include,
// and which one alone sees a heavy third-party header. The table is the only source of the rules,
// so the text can't drift from the check. Never compiles or preprocesses anything.
#pragma once

#include "tests/tidy/source_tree.hpp"

namespace ash::tidy {

/// A third-party header that one folder alone sees, in `file` only where that is not empty.
struct header_home {
  std::string pattern; ///< a prefix such as `rocksdb/`, or a suffix after `*`
  std::string file;

  friend bool operator==(const header_home&, const header_home&) = default;
};

/// How far a row's permission reaches.
enum class reach { listed, everything };

/// One row of the table.
struct folder_rule {
  std::string folder;
  std::size_t line = 0;                    ///< in ARCHITECTURE.md
  reach includes = reach::listed;          ///< of our own folders
  std::vector<std::string> may_include;    ///< a folder, with all beneath it
  std::vector<std::string> files_with_all; ///< files of the folder that may include anything
  reach headers = reach::listed;           ///< of heavy third-party headers
  std::vector<header_home> alone;
};

struct folder_table {
  std::vector<folder_rule> rules;
  findings faults; ///< rows that can't be read, and names that no row has
};

/// Reads the table that starts with `| Folder |`. No table, or one without rows, is a fault.
folder_table read_folder_table(const source_file& architecture);

/// The rule of the folder that a path lies in: the longest that fits, null where none does.
const folder_rule* rule_for(const folder_table& table, std::string_view path);

/// Every folder of the table that is not among `folders`, and every source outside the table.
findings check_folders(const folder_table& table,
                       const std::vector<source_file>& files,
                       const std::vector<std::string>& folders);

/// Every include of a source that its folder's row does not allow.
findings check_includes(const folder_table& table, const source_file& file);

} // namespace ash::tidy
