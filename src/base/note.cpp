// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/note.h"

namespace kpatch {

const char* name_of(NoteKind kind) {
  switch (kind) {
  case NoteKind::kFunction: return "function";
  case NoteKind::kCallback: return "callback";
  case NoteKind::kIgnored: return "ignored";
  case NoteKind::kForced: return "forced";
  case NoteKind::kNotice: return "notice";
  case NoteKind::kWarning: return "warning";
  }
  return "";
}

std::string line_of(const Note& note) {
  std::string line;
  if (note.kind == NoteKind::kNotice)
    line = "NOTICE: ";
  if (note.kind == NoteKind::kWarning)
    line = "WARNING: ";
  if (!note.code.empty())
    line += note.code + ": ";
  return line + note.text;
}

} // namespace kpatch
