# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is linked. With KPATCH_ONLY_RUNTIME that is little, and static where there is a static library: such a kpatch goes
# into guests of other processors, for which fewer libraries are at hand.

# kpatch_header_library(NAME HEADER): a library that is taken as headers alone.
function(kpatch_header_library name header)
  string(MAKE_C_IDENTIFIER "${name}_HEADERS" place)
  find_path(${place} ${header} REQUIRED)
  add_library(${name} INTERFACE IMPORTED)
  target_include_directories(${name} SYSTEM INTERFACE ${${place}})
endfunction()

find_package(Threads REQUIRED)
if(KPATCH_ONLY_RUNTIME)
  kpatch_header_library(fmt::fmt fmt/format.h)
  target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
  kpatch_header_library(nlohmann_json::nlohmann_json nlohmann/json.hpp)
  kpatch_header_library(PkgConfig::ELF gelf.h)
  find_library(ELF_LIBRARY NAMES libelf.a elf REQUIRED)
  find_library(Z_LIBRARY NAMES libz.a z REQUIRED)
  find_library(ZSTD_LIBRARY NAMES libzstd.a zstd) # libelf uses it since 0.189
  target_link_libraries(PkgConfig::ELF INTERFACE ${ELF_LIBRARY} ${Z_LIBRARY})
  if(ZSTD_LIBRARY)
    target_link_libraries(PkgConfig::ELF INTERFACE ${ZSTD_LIBRARY})
  endif()
  return()
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(ELF REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(DW REQUIRED IMPORTED_TARGET libdw)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(BPF REQUIRED IMPORTED_TARGET libbpf)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_library(ZYDIS_LIBRARY Zydis REQUIRED)
