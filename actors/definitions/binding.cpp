#include "actors/definitions/binding.hpp"

#include "actors/definitions/definition_files.hpp"
#include "events/base/ascii.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <tuple>

namespace ash::definitions {
namespace {

struct candidate {
  const persona* who;
  std::string hash;
};

/// A reason: its code and what it says to a person.
struct objection {
  std::string code;
  std::string text;
};

class binder {
public:
  binder(const workflow& what,
         const std::vector<persona>& personas,
         const availability& usable,
         const bind_options& options)
      : what_(what), usable_(usable), options_(options) {
    for (const auto& each : personas)
      candidates_.push_back({&each, hash_of(each)});
  }

  result<std::vector<binding>> run() {
    TRY(check_overrides());
    for (const auto& each : what_.roles) {
      TRY(auto bound, bind_one(each));
      bound_.push_back(std::move(bound));
    }
    return std::move(bound_);
  }

  result<std::vector<role_view>> explain() {
    TRY(check_overrides());
    std::vector<role_view> out;
    for (const auto& each : what_.roles) {
      role_view view{each, candidates_for(each), {}, std::nullopt};
      if (auto bound = bind_one(each)) {
        view.reasons = bound.value().reasons;
        for (auto& one : view.candidates)
          one.chosen = one.hash == bound.value().hash;
        bound_.push_back(std::move(bound).value());
      } else {
        view.problem = std::move(bound).error();
      }
      out.push_back(std::move(view));
    }
    return out;
  }

private:
  result<void> check_overrides() const {
    for (const auto& [role_name, wanted] : options_.overrides) {
      const auto named = [&, &name = role_name](const role& r) { return r.name == name; };
      if (std::none_of(what_.roles.begin(), what_.roles.end(), named))
        return refuse(errc::argument_invalid,
                      "the workflow '" + identity(what_) + "' has no role '" +
                          printable(role_name) + "' to bind '" + printable(wanted) + "' to");
    }
    return success();
  }

  result<binding> bind_one(const role& to) const {
    const auto pinned = options_.overrides.find(to.name);
    return pinned == options_.overrides.end() ? select(to) : pin(to, pinned->second);
  }

  std::vector<candidate_view> candidates_for(const role& to) const {
    std::vector<const candidate*> eligible;
    std::vector<candidate_view> refused;
    for (const auto& each : candidates_) {
      const auto against = objections(to, *each.who);
      if (against.empty()) {
        eligible.push_back(&each);
        continue;
      }
      refused.push_back(seen(each));
      for (const auto& one : against)
        refused.back().against.emplace_back(one.code, one.text);
    }
    sort(to, eligible);
    std::vector<candidate_view> out;
    for (const auto* each : eligible) {
      out.push_back(seen(*each));
      out.back().place = static_cast<std::int64_t>(out.size());
      const auto shared = overlap_of(to, *each->who);
      if (shared != overlap::none)
        out.back().against.emplace_back(
            "diversity_violation",
            std::string{shared == overlap::persona ? "is" : "has the model of what is"} +
                " bound to a role that this one is distinct from");
    }
    std::sort(refused.begin(), refused.end(), [](const auto& a, const auto& b) {
      return a.persona < b.persona;
    });
    out.insert(out.end(), refused.begin(), refused.end());
    return out;
  }

  static candidate_view seen(const candidate& of) {
    return {identity(*of.who), of.hash, of.who->backend, of.who->model, 0, false, {}};
  }

  std::vector<objection> objections(const role& to, const persona& who) const {
    std::vector<objection> out;
    for (const auto& needed : to.required_capabilities)
      if (std::find(who.capabilities.begin(), who.capabilities.end(), needed) ==
          who.capabilities.end())
        out.push_back({"missing_capability", "lacks the capability '" + needed + "'"});
    if (usable_.backend_problem)
      if (const auto problem = usable_.backend_problem(who.backend))
        out.push_back({"backend_unavailable",
                       "the backend '" + who.backend + "' can't be used: " + *problem});
    if (usable_.consented && !usable_.consented(who))
      out.push_back({"consent_missing", "nobody has consented to it"});
    return out;
  }

  /// How much `who` shares with what is bound to the roles that `to` has to be distinct from.
  enum class overlap : std::uint8_t { none, model, persona };
  overlap overlap_of(const role& to, const persona& who) const {
    auto worst = overlap::none;
    for (const auto& other : bound_) {
      const auto& roles = to.distinct_from;
      if (std::find(roles.begin(), roles.end(), other.role) == roles.end())
        continue;
      if (other.persona.name == who.name)
        return overlap::persona;
      if (other.persona.model == who.model)
        worst = overlap::model;
    }
    return worst;
  }

  static std::size_t place_of(const role& to, const persona& who) {
    const auto& order = to.preferred_backends;
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), who.backend) -
                                    order.begin());
  }

  static binding
  bound_to(const role& to, const candidate& chosen, std::vector<std::string> reasons) {
    return {to.name, *chosen.who, chosen.hash, std::move(reasons)};
  }

  result<binding> select(const role& to) const {
    std::vector<const candidate*> eligible;
    auto nobody = refuse(errc::no_eligible_persona, "");
    std::vector<std::string> refused;
    for (const auto& each : candidates_) {
      const auto against = objections(to, *each.who);
      if (against.empty()) {
        eligible.push_back(&each);
        continue;
      }
      // Whoever can't do the work needs no key and no consent: what is nearest to fit stands out.
      const auto unable = against.front().code == "missing_capability";
      std::vector<std::string> texts;
      for (const auto& one : against)
        if (!unable || one.code == "missing_capability")
          texts.push_back(one.text);
      refused.push_back(identity(*each.who) + ": " + joined(texts, ", "));
      nobody.details.emplace_back(identity(*each.who), joined(texts, "; "));
    }
    if (eligible.empty()) {
      std::stable_partition(nobody.details.begin(), nobody.details.end(), [](const auto& each) {
        return !each.second.starts_with("lacks ");
      });
      constexpr std::size_t shown = 3; // the details have all
      nobody.message = "no persona can be bound to the role '" + to.name + "': " +
                       (refused.empty()           ? "there are no personas"
                        : refused.size() <= shown ? joined(refused, "; ")
                                                  : "none of " + std::to_string(refused.size()) +
                                                        " is eligible, each for its reasons");
      return nobody;
    }
    sort(to, eligible);
    return choose(to, eligible);
  }

  static void sort(const role& to, std::vector<const candidate*>& eligible) {
    const auto key = [&](const candidate* c) {
      return std::tuple{place_of(to, *c->who), -c->who->version, c->who->name, c->hash};
    };
    std::sort(eligible.begin(), eligible.end(), [&](auto* a, auto* b) { return key(a) < key(b); });
  }

  result<binding> choose(const role& to, const std::vector<const candidate*>& sorted) const {
    const auto* top = sorted.front();
    const auto place = place_of(to, *top->who);
    std::vector<std::string> reasons{place < to.preferred_backends.size()
                                         ? "backend '" + top->who->backend + "' is choice " +
                                               std::to_string(place + 1) + " of the role"
                                         : "first by version and name among " +
                                               std::to_string(sorted.size()) + " eligible"};
    for (const auto allowed : {overlap::none, overlap::model})
      for (const auto* each : sorted)
        if (overlap_of(to, *each->who) <= allowed) {
          if (each != top)
            reasons = {"distinct from '" + joined(to.distinct_from, "', '") + "'"};
          return bound_to(to, *each, std::move(reasons));
        }
    if (to.diversity == diversity::require)
      return refuse(
          errc::binding_diversity_unsatisfied,
          "the role '" + to.name + "' has to be distinct from '" +
              joined(to.distinct_from, "', '") +
              "', but every eligible persona is bound there already: add a persona or set "
              "'diversity: prefer'");
    reasons.push_back("no distinct persona is eligible");
    return bound_to(to, *top, std::move(reasons));
  }

  result<binding> pin(const role& to, const std::string& wanted) const {
    const candidate* chosen = nullptr;
    if (const auto ref = parse_reference(wanted))
      for (const auto& each : candidates_)
        if (each.who->name == ref.value().name &&
            (ref.value().version ? each.who->version == *ref.value().version
                                 : !chosen || each.who->version > chosen->who->version))
          chosen = &each;
    if (!chosen) {
      std::vector<std::string> names;
      for (const auto& each : candidates_)
        names.push_back(identity(*each.who));
      return refuse(errc::persona_not_found,
                    "there is no persona '" + printable(to_valid_utf8(wanted)) +
                        "' for the role '" + to.name + "'; the nearest are " +
                        near_names(wanted, names));
    }
    auto against = objections(to, *chosen->who);
    if (to.diversity == diversity::require && overlap_of(to, *chosen->who) == overlap::persona)
      against.push_back(
          {"diversity_violation", "is bound to a role that this one is distinct from"});
    if (against.empty())
      return bound_to(to, *chosen, {"chosen by the user"});
    std::vector<std::string> codes;
    std::vector<std::string> texts;
    for (const auto& one : against) {
      if (std::find(codes.begin(), codes.end(), one.code) == codes.end())
        codes.push_back(one.code);
      texts.push_back(one.text);
    }
    return refuse(errc::binding_override_ineligible,
                  '\'' + identity(*chosen->who) + "' can't be bound to the role '" + to.name +
                      "': " + joined(texts, "; "))
        .with("role", to.name)
        .with("persona", identity(*chosen->who))
        .with("reasons", joined(codes, ","));
  }

  const workflow& what_;
  const availability& usable_;
  const bind_options& options_;
  std::vector<candidate> candidates_;
  std::vector<binding> bound_;
};

} // namespace

namespace {

/// The personas as they would work: each with the model that the user names for all.
result<std::vector<persona>> as_asked(const std::vector<persona>& personas,
                                      const bind_options& options) {
  if (!options.model)
    return personas;
  std::vector<persona> changed;
  for (const auto& each : personas) {
    TRY(auto with_other, with_model(each, *options.model));
    changed.push_back(std::move(with_other));
  }
  return changed;
}

} // namespace

result<std::vector<binding>> bind(const workflow& what,
                                  const std::vector<persona>& personas,
                                  const availability& usable,
                                  const bind_options& options) {
  TRY(const auto known, as_asked(personas, options));
  return binder(what, known, usable, options).run();
}

result<std::vector<role_view>> explain(const workflow& what,
                                       const std::vector<persona>& personas,
                                       const availability& usable,
                                       const bind_options& options) {
  TRY(const auto known, as_asked(personas, options));
  return binder(what, known, usable, options).explain();
}

result<persona> with_model(persona who, std::string_view model) {
  TRY(auto parsed, parse_model(model));
  who.backend = std::move(parsed.provider);
  who.model = std::string{model};
  who.fallback_models.clear();
  return who;
}

} // namespace ash::definitions
