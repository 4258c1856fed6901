#include "actors/tokens/splitter.hpp"

#include "events/base/check.hpp"

#include <memory>
#include <string>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace ash::tokens {
namespace {

constexpr std::size_t stack_start_bytes = std::size_t{32} << 10;
constexpr std::size_t stack_most_bytes = std::size_t{1} << 20;

// Unicode's White_Space without the ends of lines. PCRE2's own \s has U+180E too.
#define ASH_SPACE                                                                                  \
  R"(\t\x0b\x0c \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})"

// Letters and numbers, also those that Unicode took up from 15 to 16: PCRE2 10.42 knows 14.
#define ASH_LETTER                                                                                 \
  R"(\p{L}\x{1c89}-\x{1c8a}\x{a7cb}-\x{a7cd}\x{a7da}-\x{a7dc}\x{105c0}-\x{105f3})"                 \
  R"(\x{10d4a}-\x{10d65}\x{10d6f}-\x{10d85}\x{10ec2}-\x{10ec4}\x{1123f}-\x{11240})"                \
  R"(\x{11380}-\x{11389}\x{1138b}\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1})"                  \
  R"(\x{113d3}\x{11bc0}-\x{11be0}\x{11f02}\x{11f04}-\x{11f10}\x{11f12}-\x{11f33})"                 \
  R"(\x{1342f}\x{13441}-\x{13446}\x{13460}-\x{143fa}\x{16100}-\x{1611d})"                          \
  R"(\x{16d40}-\x{16d6c}\x{18cff}\x{1b132}\x{1b155}\x{1df25}-\x{1df2a})"                           \
  R"(\x{1e030}-\x{1e06d}\x{1e4d0}-\x{1e4eb}\x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2b739})"                 \
  R"(\x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af})"
#define ASH_NUMBER                                                                                 \
  R"(\p{N}\x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9})"                              \
  R"(\x{11f50}-\x{11f59}\x{16130}-\x{16139}\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9})"                \
  R"(\x{1d2c0}-\x{1d2d3}\x{1e4f0}-\x{1e4f9}\x{1e5f1}-\x{1e5fa})"

// The pattern that is published with the ranks, with possessive repetitions where they match the
// same, so that no run, however long, is walked twice.
constexpr std::string_view pattern =
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))"
    R"(|[^\r\n)" ASH_LETTER ASH_NUMBER R"(]?+[)" ASH_LETTER R"(]++)"
    R"(|[)" ASH_NUMBER R"(]{1,3}+)"
    R"(| ?+[^\r\n)" ASH_SPACE ASH_LETTER ASH_NUMBER R"(]++[\r\n]*+)"
    R"(|(?:[)" ASH_SPACE R"(]*+[\r\n]++)++)"
    R"(|[\r\n)" ASH_SPACE R"(]+(?![^\r\n)" ASH_SPACE R"(]))"
    R"(|[\r\n)" ASH_SPACE R"(]++)";
#undef ASH_LETTER
#undef ASH_NUMBER
#undef ASH_SPACE

struct closer {
  void operator()(pcre2_code* of) const { pcre2_code_free(of); }
  void operator()(pcre2_match_data* of) const { pcre2_match_data_free(of); }
  void operator()(pcre2_match_context* of) const { pcre2_match_context_free(of); }
  void operator()(pcre2_jit_stack* of) const { pcre2_jit_stack_free(of); }
};
template <class T> using owned = std::unique_ptr<T, closer>;

const pcre2_code* compiled() {
  static const owned<pcre2_code> all = [] {
    int why = 0;
    PCRE2_SIZE where = 0;
    owned<pcre2_code> made{pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                                         pattern.size(),
                                         PCRE2_UTF | PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK,
                                         &why,
                                         &where,
                                         nullptr)};
    check(made != nullptr, "the pattern of cl100k_base compiles");
    // Without it the matcher is slower, and nothing else.
    pcre2_jit_compile(made.get(), PCRE2_JIT_COMPLETE);
    return made;
  }();
  return all.get();
}

/// What one thread matches with.
struct matcher {
  owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};
  owned<pcre2_jit_stack> stack{
      pcre2_jit_stack_create(stack_start_bytes, stack_most_bytes, nullptr)};

  matcher() {
    check(data && context, "memory for a match");
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

} // namespace

void split(std::string_view text, const std::function<void(std::string_view)>& take) {
  thread_local const matcher with;
  const auto* const by = compiled();
  const auto* const bounds = pcre2_get_ovector_pointer(with.data.get());
  for (std::size_t at = 0; at < text.size();) {
    const int found = pcre2_match(by,
                                  reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(),
                                  at,
                                  PCRE2_NO_UTF_CHECK,
                                  with.data.get(),
                                  with.context.get());
    check(found > 0 && bounds[1] > at, "every character is in a piece");
    take(text.substr(at, bounds[1] - at));
    at = bounds[1];
  }
}

} // namespace ash::tokens
