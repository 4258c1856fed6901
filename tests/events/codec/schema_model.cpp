#include "tests/events/codec/schema_model.hpp"

#include <flatbuffers/reflection.h>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

namespace ash::codec::testing {
namespace {

std::string base_name(reflection::BaseType base) {
  switch (base) {
  case reflection::Bool:
    return "bool";
  case reflection::Byte:
    return "byte";
  case reflection::UByte:
    return "ubyte";
  case reflection::Short:
    return "short";
  case reflection::UShort:
    return "ushort";
  case reflection::Int:
    return "int";
  case reflection::UInt:
    return "uint";
  case reflection::Long:
    return "long";
  case reflection::ULong:
    return "ulong";
  case reflection::String:
    return "string";
  default:
    return "base type " + std::to_string(static_cast<int>(base));
  }
}

std::string type_name(const reflection::Schema& schema, reflection::BaseType base, int index) {
  if (base == reflection::Obj)
    return schema.objects()->Get(static_cast<unsigned>(index))->name()->str();
  if (index >= 0)
    return schema.enums()->Get(static_cast<unsigned>(index))->name()->str();
  return base_name(base);
}

field_model field_of(const reflection::Schema& schema, const reflection::Field& field) {
  const auto& type = *field.type();
  field_model out{field.name()->str(), {}, {}};
  if (type.base_type() == reflection::Vector)
    out.type = '[' + type_name(schema, type.element(), type.index()) + ']';
  else
    out.type = type_name(schema, type.base_type(), type.index());
  const auto base = type.base_type();
  if (base >= reflection::UType && base <= reflection::ULong)
    out.fallback = field.optional() ? "null" : std::to_string(field.default_integer());
  return out;
}

void add_objects(const reflection::Schema& schema, schema_model& model) {
  for (const auto* object : *schema.objects()) {
    type_model type{object->is_struct() ? type_kind::fixed : type_kind::table, {}, {}};
    type.fields.resize(object->fields()->size());
    for (const auto* field : *object->fields())
      type.fields.at(field->id()) = field_of(schema, *field);
    model[object->name()->str()] = type;
  }
  for (const auto* each : *schema.enums()) {
    type_model type{type_kind::enumeration, {}, {}};
    for (const auto* value : *each->values())
      type.fields.push_back({value->name()->str(), {}, std::to_string(value->value())});
    model[each->name()->str()] = type;
  }
}

/// `ash.fbs.run` is of the file `run`, `ash.fbs` of `common`.
std::string file_of(const std::string& full_name) {
  const auto space = full_name.substr(0, full_name.rfind('.'));
  return space == "ash.fbs" ? "common" : space.substr(std::string_view{"ash.fbs."}.size());
}

std::string last_name(const std::string& full_name) {
  return full_name.substr(full_name.rfind('.') + 1);
}

std::string fallback_text(const schema_model& model, const field_model& field) {
  if (field.fallback.empty() || field.fallback == "0")
    return "";
  const auto found = model.find(field.type);
  if (found != model.end()) {
    for (const auto& value : found->second.fields)
      if (value.fallback == field.fallback)
        return " = " + value.name;
  }
  return " = " + (field.type == "bool" ? "true" : field.fallback);
}

std::string enum_text(const std::string& name, const type_model& type) {
  auto text = "enum " + last_name(name) + " : ubyte {";
  for (const auto& value : type.fields)
    text += (&value == &type.fields.front() ? " " : ", ") + value.name + " = " + value.fallback;
  return text + " }\n";
}

std::string table_text(const schema_model& model, const std::string& name, const type_model& type) {
  auto text = type.fact.empty() ? std::string{} : "/// The fact `" + type.fact + "`.\n";
  text += (type.kind == type_kind::fixed ? "struct " : "table ") + last_name(name) + " {\n";
  for (const auto& field : type.fields)
    text += "  " + field.name + ":" + field.type + fallback_text(model, field) + ";\n";
  return text + "}\n";
}

} // namespace

std::string read_whole(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in)
    throw std::runtime_error{"cannot read " + path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

schema_model model_of_folder(const std::string& folder) {
  schema_model model;
  for (const auto name : schema_names) {
    const auto bytes = read_whole(folder + '/' + std::string{name} + ".bfbs");
    flatbuffers::Verifier verifier{reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                   bytes.size()};
    if (!reflection::VerifySchemaBuffer(verifier))
      throw std::runtime_error{"not a binary schema: " + std::string{name}};
    add_objects(*reflection::GetSchema(bytes.data()), model);
  }
  return model;
}

std::string schema_text(const schema_model& model, std::string_view name) {
  std::string body;
  std::set<std::string> used;
  for (const auto kind : {type_kind::enumeration, type_kind::fixed, type_kind::table}) {
    for (const auto& [full_name, type] : model) {
      if (type.kind != kind || file_of(full_name) != name)
        continue;
      body += '\n';
      body += kind == type_kind::enumeration ? enum_text(full_name, type)
                                             : table_text(model, full_name, type);
      for (const auto& field : type.fields)
        if (const auto at = field.type.find("ash.fbs."); at <= 1)
          used.insert(file_of(field.type.substr(at, field.type.size() - 2 * at)));
    }
  }
  std::string text = name == "common" ? "// Values that the facts of several aggregates share.\n"
                                      : "// The facts of `" + std::string{name} + "`.\n";
  text +=
      "// A field's place is its id, and its default is part of the format: fields are only ever\n"
      "// added at the end of a table, and values at the end of an enum.\n";
  for (const auto& file : used)
    if (file != name)
      text += "include \"" + file + ".fbs\";\n";
  text += "\nnamespace ash.fbs";
  text += name == "common" ? ";\n" : '.' + std::string{name} + ";\n";
  if (name != "common")
    text += "\nfile_identifier \"ASHF\";\n";
  return text + body;
}

std::vector<std::string> breaks(const schema_model& released, const schema_model& now) {
  std::vector<std::string> found;
  for (const auto& [name, old_type] : released) {
    const auto type = now.find(name);
    if (type == now.end() || type->second.kind != old_type.kind) {
      found.push_back(name + " is gone or is of another kind");
      continue;
    }
    const auto& fields = type->second.fields;
    for (std::size_t i = 0; i < old_type.fields.size(); ++i)
      if (i >= fields.size() || fields[i] != old_type.fields[i])
        found.push_back(name + '.' + old_type.fields[i].name +
                        " was removed, renamed, moved, retyped or given another default");
    if (old_type.kind == type_kind::fixed && fields.size() != old_type.fields.size())
      found.push_back(name + " is a struct and can't grow");
  }
  return found;
}

} // namespace ash::codec::testing
