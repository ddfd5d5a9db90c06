# SPDX-License-Identifier: GPL-2.0-or-later
#
# Most of the time of a compilation goes into reading the same headers of the standard library, fmt and
# GoogleTest. They are read once: kpatch_everyday holds those of the layers and programs,
# kpatch_everyday_reports JSON's as well, and kpatch_everyday_tests those of the tests. A source file still
# includes what it uses: tests/includes.py sees to it, and the preset "asan" compiles each file by itself and
# without these.
#
# -fpch-preprocess lets a compiler cache such as ccache look through them (its manual asks for it, and for
# CCACHE_SLOPPINESS=pch_defines,time_macros). gcc 12 forgets in a precompiled header which code is the standard
# library's, and then shows false warnings of its optimizer about that code (its bug 105651 and its kin).

set(everyday_headers <algorithm> <array> <cstdint> <filesystem> <fmt/format.h> <fmt/ranges.h> <functional> <map>
                     <memory> <optional> <set> <span> <string> <string_view> <unordered_map> <vector>)

function(kpatch_precompile target)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBRARIES" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/${target}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// holds the precompiled headers\n")
  add_library(${target} OBJECT ${source})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES})
  kpatch_warnings(${target})
  target_precompile_headers(${target} PRIVATE ${ARG_HEADERS})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()

# Compiles a target with the headers that were read once.
function(kpatch_use_precompiled target everyday)
  target_precompile_headers(${target} REUSE_FROM ${everyday})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds -Wno-stringop-overread
                                             -Wno-stringop-overflow)
  endif()
endfunction()
