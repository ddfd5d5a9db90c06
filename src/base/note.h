// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kpatch {

/// What a note is about, for whoever decides by it; the text is for people.
enum class NoteKind {
  kFunction, ///< one that the patch replaces or adds
  kCallback, ///< one that runs when the patch is enabled or disabled
  kIgnored,  ///< what the author of the patch leaves out of it
  kForced,   ///< what the author of the patch vouches for
  kNotice,   ///< the patched kernel differs from one built from the patched source
  kWarning,  ///< something is taken on trust
};

/// Something worth saying about what is not an obstacle.
struct Note {
  NoteKind kind = NoteKind::kNotice;
  std::string code;   ///< as of a Problem; may be empty
  std::string symbol; ///< the function, variable or section; may be empty
  std::string text;   ///< without kind and code

  bool operator==(const Note&) const = default;
};

/// As JSON has it: "notice".
const char* name_of(NoteKind kind);

/// As the terminal has it: "NOTICE: KP2012: a tracepoint of ...".
std::string line_of(const Note& note);

} // namespace kpatch
