// SPDX-License-Identifier: GPL-2.0-or-later
//
// A result may be used again if all that it was made of has the same content. Times say
// too little: a touched file is the same, and one that was unpacked over another may have
// its size and time. Reading the thousand files of a unit takes some fifty milliseconds.
//
// A compiler is several programs ("gcc" runs cc1 and as) of tens of megabytes. Theirs is
// the only digest that outlives a run, with the inode's change time, which nobody can set
// back.
#include "cache/file_digests.h"

#include "base/files.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <vector>

namespace kpatch::cache {
namespace fs = std::filesystem;

namespace {

std::string content_digest(const fs::path& file) {
  std::error_code gone;
  return fs::is_regular_file(file, gone) ? sha256(read_text(file)) : std::string();
}

std::string stamp(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    return {};
  return fmt::format("{} {} {}.{:09} {}.{:09}", file.native(), status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                     status.st_ctim.tv_nsec);
}

/// The driver, and what it runs for C. A compiler that is one program names none.
std::vector<fs::path> programs_of(const fs::path& driver) {
  std::vector<fs::path> programs{driver};
  for (const char* name : {"cc1", "as"}) {
    std::string path =
        run({.argv = {driver, std::string("-print-prog-name=") + name}}).output;
    path = std::string(first_line(path));
    if (!path.empty())
      path = path.front() == '/' ? path : find_program(path).string();
    if (!path.empty())
      programs.emplace_back(path);
  }
  return programs;
}

/// What is kept of a compiler: a line for each program, "path stamps", and the digest.
struct Memo {
  std::string text;
  std::string digest;
};

bool is_current(const Memo& memo) {
  for (const std::string_view line : lines_of(memo.text))
    if (line.empty() || stamp(line.substr(0, line.find(' '))) != line)
      return false;
  return !memo.text.empty() && !memo.digest.empty();
}

Memo parse_memo(const std::string& file) {
  const std::size_t last = file.rfind('\n');
  if (last == std::string::npos)
    return {};
  return {.text = file.substr(0, last + 1), .digest = file.substr(last + 1)};
}

} // namespace

std::string FileDigests::of(const fs::path& file) {
  {
    const std::scoped_lock alone(mutex_);
    if (const auto known = files_.find(file); known != files_.end())
      return known->second;
  }
  const std::string digest = content_digest(file);
  const std::scoped_lock alone(mutex_);
  return files_.try_emplace(file, digest).first->second;
}

std::string FileDigests::of_compiler(const std::string& command, const fs::path& memory) {
  const std::scoped_lock alone(mutex_);
  if (const auto known = compilers_.find(command); known != compilers_.end())
    return known->second;
  const fs::path driver = find_program(command);
  if (driver.empty())
    return {};
  const fs::path file = memory / sha256(driver.string());
  Memo memo = parse_memo(read_text_if_exists(file).value_or(""));
  if (!is_current(memo)) {
    memo = {};
    Sha256 all;
    for (const fs::path& program : programs_of(driver)) {
      memo.text += stamp(program) + "\n";
      all.add(content_digest(program) + "\n");
    }
    memo.digest = all.finish();
    fs::create_directories(memory);
    write_file(file, memo.text + memo.digest);
  }
  return compilers_.try_emplace(command, memo.digest).first->second;
}

} // namespace kpatch::cache
