// Writes the .fbs files that the described facts ask for into a folder: `print_schemas schemas`.
#include "tests/events/codec/schema_model.hpp"

#include <fstream>
#include <iostream>

int main(int argc, char** argv) {
  using namespace ash::codec::testing;
  if (argc != 2) {
    std::cerr << "usage: print_schemas FOLDER\n";
    return 2;
  }
  const auto model = model_of_facts();
  for (const auto name : schema_names) {
    const auto path = std::string{argv[1]} + '/' + std::string{name} + ".fbs";
    std::ofstream out{path, std::ios::binary};
    out << schema_text(model, name) << std::flush;
    if (!out) {
      std::cerr << "cannot write " << path << '\n';
      return 1;
    }
  }
}
