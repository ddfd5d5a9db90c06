// SPDX-License-Identifier: GPL-2.0-or-later
//
// Between the compiled objects and the passes that compare them. Symbol tables of the
// kernel and Module.symvers are large and the same for all units, so each is read when
// the first unit needs it.
#include "build/object_pair.h"

#include "base/files.h"
#include "diff/diff.h"
#include "elf/object.h"
#include "kernel/symbol_index.h"
#include "kernel/symvers.h"
#include "klp/intermediate.h"

#include <elf.h>
#include <map>

namespace kpatch::build {
namespace fs = std::filesystem;

struct PairDiffer::Parents {
  kernel::Symvers symvers;
  std::map<std::string, kernel::SymbolIndex, std::less<>> symbols; ///< by owner
};

namespace {

kernel::SymbolIndex index_of(const kernel::Target& target, const std::string& owner) {
  kernel::SymbolIndex index;
  for (const kernel::ParentSymbol& symbol : target.symbols(owner))
    if (symbol.is_defined && symbol.type != STT_SECTION)
      index.add({.name = symbol.name,
                 .value = symbol.value,
                 .size = symbol.size,
                 .type = symbol.type,
                 .binding = symbol.binding});
  return index;
}

elf::Object read_side(const fs::path& file, const std::string& label) {
  return elf::read_object(read_bytes(file), label);
}

void take_over(const diff::Result& diff, UnitResult& result) {
  result.notes = diff.notes;
  result.problems = diff.problems;
  for (const diff::FunctionChange& function : diff.functions)
    result.functions.push_back({.name = function.name,
                                .is_new = function.status == diff::Status::kNew,
                                .because = function.because});
}

} // namespace

PairDiffer::PairDiffer(const kernel::Target& target, InitChanges init_changes)
    : target_(target), init_changes_(init_changes),
      parents_(std::make_unique<Parents>()) {
  parents_->symvers =
      kernel::Symvers::parse(read_text(target.symvers), target.symvers.string());
}

PairDiffer::~PairDiffer() = default;

UnitResult PairDiffer::compare(const ObjectPair& pair, const fs::path& output) {
  UnitResult result{.unit = pair.unit, .owner = pair.owner};
  if (read_bytes(pair.original) == read_bytes(pair.patched))
    return result;
  auto parent = parents_->symbols.find(pair.owner);
  if (parent == parents_->symbols.end())
    parent = parents_->symbols.emplace(pair.owner, index_of(target_, pair.owner)).first;

  const std::string label = fs::path(pair.unit).replace_extension(".o").string();
  const diff::Inputs inputs{.label = label,
                            .parent = pair.owner,
                            .parent_symbols = parent->second,
                            .symvers = parents_->symvers,
                            .sizes = target_.struct_sizes,
                            .ignore_init_changes =
                                init_changes_ == InitChanges::kLeaveOut};
  diff::Result diff = diff::compare(read_side(pair.original, label),
                                    read_side(pair.patched, label), inputs);
  take_over(diff, result);
  if (!diff.problems.empty())
    result.outcome = UnitOutcome::kRefused;
  else if (diff.delta)
    result.outcome = UnitOutcome::kChanged;
  if (result.outcome == UnitOutcome::kChanged)
    write_file(output, elf::write_object(klp::make_intermediate(std::move(*diff.delta))));
  return result;
}

} // namespace kpatch::build
