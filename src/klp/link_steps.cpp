// SPDX-License-Identifier: GPL-2.0-or-later
//
// For one module kbuild starts make four times, asks the compiler some 30 times what it
// can do, and then runs six commands, which take a third of the time. It writes each of
// them down beside what it made, so that for the next module they can be run as they are:
//
//   .NAME.mod.cmd         cmd_/w/NAME.mod := printf '%s\n' parts/hook.o parts/0.o | awk
//   ... .NAME.o.cmd           cmd_/w/NAME.o := ld -r -T /w/kpatch.lds ... @/w/NAME.mod
//   .modules.order.cmd    ...
//   .Module.symvers.cmd   ... | scripts/mod/modpost ... -T -      writes NAME.mod.c, too
//   .NAME.mod.o.cmd       ... gcc-12 ... -c -o /w/NAME.mod.o /w/NAME.mod.c
//   .NAME.ko.cmd          ... ld -r ... -T scripts/module.lds ... -o /w/NAME.ko ...
//
// They differ between modules in nothing but names of the module, its folder and its
// parts. (Since 6.13 kbuild works in the module's folder and leaves that one out.) So
// kbuild is watched once, at a module with unmistakable names. Kernels before 5.19 do not
// write modpost's command down, and are left to kbuild, as is whatever is unknown here.
#include "klp/link_steps.h"

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/kbuild.h"
#include "kernel/recorded_command.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace kpatch::klp {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFolder = "@FOLDER@";
constexpr std::string_view kName = "@NAME@";
constexpr std::string_view kIdentifier = "@IDENTIFIER@";
constexpr std::string_view kPart = "@PART@";

constexpr std::string_view kCommon = ".module-common.o";

/// What kbuild makes, in the order in which one thing needs the other.
struct Known {
  std::string_view target;
  bool always;
};
constexpr Known kKnown[] = {
    {"@NAME@.mod", true},     {"@NAME@.o", true},  {"modules.order", true},
    {"Module.symvers", true}, {kCommon, false}, // since 6.12
    {"@NAME@.mod.o", true},   {"@NAME@.ko", true},
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;
       at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

/// The name as it stands in the kernel and in identifiers.
std::string identifier(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string with_marks(std::string text, const fs::path& folder) {
  text = replaced(std::move(text), folder.string(), kFolder);
  text = replaced(std::move(text), kWatchedPart, kPart);
  text = replaced(std::move(text), kWatchedName, kName);
  return replaced(std::move(text), identifier(kWatchedName), kIdentifier);
}

/// Whether it is about this module, and not just about the place where it is made.
bool names_module(std::string_view text) {
  constexpr std::string_view kOfModule[] = {kName, kIdentifier, kPart};
  return std::ranges::any_of(kOfModule, [text](std::string_view mark) {
    return text.find(mark) != std::string_view::npos;
  });
}

/// The word around a position, which blanks part from others.
std::pair<std::size_t, std::size_t> word_at(std::string_view text, std::size_t at) {
  const std::size_t before = text.rfind(' ', at);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return {begin, std::min(text.find(' ', at), text.size())};
}

/// With the word of the part once for each part.
std::string with_parts(std::string text, const std::vector<std::string>& parts) {
  for (std::size_t at = 0; (at = text.find(kPart, at)) != std::string::npos;) {
    const auto [begin, end] = word_at(text, at);
    const std::string word = text.substr(begin, end - begin);
    std::string words;
    for (const std::string& part : parts)
      words += (words.empty() ? "" : " ") + replaced(word, kPart, part);
    text.replace(begin, end - begin, words);
    at = begin + words.size();
  }
  return text;
}

/// Whether each part can stand where the watched one does: in words that are no more to a
/// shell than words.
bool has_plain_parts(std::string_view text) {
  for (std::size_t at = 0; (at = text.find(kPart, at)) != std::string_view::npos; ++at) {
    const auto [begin, end] = word_at(text, at);
    if (!is_plain(text.substr(begin, end - begin), "_-+.,/@"))
      return false;
  }
  return true;
}

/// ".NAME.o.cmd" is of NAME.o; nothing for other files.
std::optional<std::string> recorded_target(const fs::path& file) {
  const std::string name = file.filename().string();
  constexpr std::string_view kEnd = ".cmd";
  if (!name.starts_with('.') || !name.ends_with(kEnd))
    return std::nullopt;
  return name.substr(1, name.size() - 1 - kEnd.size());
}

/// All commands that kbuild recorded in the folder, by what they made.
std::map<std::string, std::string> recorded_in(const fs::path& folder) {
  std::map<std::string, std::string> commands;
  for (const fs::directory_entry& file : fs::directory_iterator(folder))
    if (const auto target = recorded_target(file.path()))
      commands[with_marks(*target, folder)] =
          with_marks(kernel::recorded_text(read_text(file.path())).value_or(""), folder);
  return commands;
}

/// kbuild works in the object tree if it names the module by its whole path.
bool names_folder(const LinkSteps& steps) {
  return steps.steps.back().command.find(kFolder) != std::string::npos;
}

} // namespace

std::string LinkSteps::text() const {
  std::string text = fmt::format("{}\n", steps.size());
  for (const LinkStep& step : steps)
    text += step.target + "\n" + step.command + "\n";
  return text + common;
}

LinkSteps LinkSteps::parse(std::string_view text) {
  std::size_t count = 0;
  const std::string_view first = take_line(text);
  std::from_chars(first.data(), first.data() + first.size(), count);
  if (count == 0 || count > std::size(kKnown))
    fail("this is not how a module is linked: '{}' steps", first);
  LinkSteps result;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view target = take_line(text);
    result.steps.push_back({std::string(target), std::string(take_line(text))});
  }
  result.common = text;
  return result;
}

std::optional<LinkSteps> watched_steps(const fs::path& folder) {
  std::map<std::string, std::string> commands = recorded_in(folder);
  LinkSteps result;
  for (const Known& known : kKnown) {
    const auto found = commands.find(std::string(known.target));
    if (found == commands.end() && !known.always)
      continue;
    if (found == commands.end() || found->second.empty() ||
        !has_plain_parts(found->second))
      return std::nullopt;
    if (known.target == kCommon) {
      if (names_module(found->second))
        return std::nullopt;
      result.common = read_text(folder / kCommon);
    } else
      result.steps.push_back({found->first, found->second});
    commands.erase(found);
  }
  if (!commands.empty())
    return std::nullopt;
  return result;
}

std::vector<std::string> commands_for(const LinkSteps& steps, const LinkPlace& place) {
  std::vector<std::string> commands;
  for (const LinkStep& step : steps.steps) {
    std::string text = with_parts(step.command, place.parts);
    text = replaced(std::move(text), kName, place.name);
    text = replaced(std::move(text), kIdentifier, identifier(place.name));
    commands.push_back(replaced(std::move(text), kFolder, place.folder.string()));
  }
  return commands;
}

std::optional<std::string> follow_steps(const LinkSteps& steps, const LinkPlace& place) {
  if (!is_plain(place.folder.string(), "_-+.,/@~"))
    return std::nullopt; // a shell may read it as something else
  if (!steps.common.empty())
    write_file(place.folder / kCommon, steps.common);
  std::string complaints;
  for (const std::string& text : commands_for(steps, place)) {
    Command command{.argv = {"/bin/sh", "-c", "set -e; " + text},
                    .directory = names_folder(steps) ? place.objects : place.folder,
                    .environment = kernel::kbuild_environment()};
    command.environment["TMPDIR"] = place.folder.string();
    const Outcome outcome = run(command);
    if (!outcome.ok()) {
      debug("{}: {}", text, outcome.errors);
      return std::nullopt;
    }
    complaints += outcome.errors;
  }
  return complaints;
}

} // namespace kpatch::klp
