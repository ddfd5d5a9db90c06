# SPDX-License-Identifier: GPL-2.0-or-later
#
# A folder of src/ is a layer and a layer is one static library. A layer sees only the headers of
# the layers it links: each library exports an include root of its own that holds nothing but a link
# to its folder, so an #include that goes against the layer table of ARCHITECTURE.md does not build.
#
# With KPATCH_UNITY a layer is compiled as one file: its headers are read, and what they hold is
# compiled, once and not once a file. Two files of a layer then cannot have different things of one
# name; that names within functions may be those of other files is not worth a warning.
#
# Layers that are APART are compiled file by file: arch, since processors know nothing of each other and
# name their own instructions; base, cache, image, kernel, klp and report, since a program that needs one file of
# them must not need the libraries of the others (tests/needed_libraries.sh). What only reads them may have these as one file,
# too: KPATCH_UNITY_TOO lists layers.

# With KPATCH_ONLY_RUNTIME: leaves of the list of sources those whose name does not match `without`, or none if that is empty, and of
# the list of libraries those that were asked for.
function(kpatch_runtime_part source_list library_list without)
  set(kept)
  foreach(file IN LISTS ${source_list})
    cmake_path(GET file FILENAME file_name)
    if(without AND NOT file_name MATCHES "${without}")
      list(APPEND kept ${file})
    endif()
  endforeach()
  set(${source_list} ${kept} PARENT_SCOPE)
  set(kept)
  foreach(library IN LISTS ${library_list})
    if(TARGET ${library})
      list(APPEND kept ${library})
    endif()
  endforeach()
  set(${library_list} ${kept} PARENT_SCOPE)
endfunction()

function(kpatch_layer name)
  cmake_parse_arguments(ARG "APART" "PRECOMPILED;RUNTIME" "USES;LIBRARIES" ${ARGN})
  set(target kpatch_${name})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(KPATCH_ONLY_RUNTIME)
    kpatch_runtime_part(sources ARG_LIBRARIES "${ARG_RUNTIME}")
  endif()
  if(NOT sources)
    return()
  endif()
  add_library(${target} STATIC ${sources})

  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${root}/${name} SYMBOLIC)
  target_include_directories(${target} PUBLIC ${root})

  foreach(used ${ARG_USES})
    if(TARGET kpatch_${used}) # a layer without a source file yet is no library
      target_link_libraries(${target} PUBLIC kpatch_${used})
    endif()
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBRARIES})
  kpatch_warnings(${target})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED kpatch_everyday)
  endif()
  kpatch_use_precompiled(${target} ${ARG_PRECOMPILED})
  if(KPATCH_UNITY AND (NOT ARG_APART OR name IN_LIST KPATCH_UNITY_TOO))
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    target_compile_options(${target} PRIVATE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# Turns names of layers into their targets; a folder without sources has none.
function(kpatch_existing_layers list)
  set(targets)
  foreach(layer IN LISTS ${list})
    if(TARGET kpatch_${layer})
      list(APPEND targets kpatch_${layer})
    endif()
  endforeach()
  set(${list} ${targets} PARENT_SCOPE)
endfunction()

# A program is one file of src/main/ over the layers it needs.
function(kpatch_program name source)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main/${source})
    return()
  endif()
  add_executable(${name} main/${source})
  kpatch_existing_layers(ARG_USES)
  # A layer links all that its row allows; a program is to need only the shared libraries it uses.
  target_link_options(${name} PRIVATE -Wl,--as-needed)
  target_link_libraries(${name} PRIVATE ${ARG_USES})
  kpatch_warnings(${name})
  kpatch_use_precompiled(${name} kpatch_everyday)
endfunction()

# -Wrestrict: gcc 12 warns falsely of string concatenation at -O2 (its bug 105651).
function(kpatch_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                           -Wno-sign-conversion -Wno-missing-field-initializers
                                           $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                                           $<$<BOOL:${KPATCH_WERROR}>:-Werror>)
endfunction()
