# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cross compilers of Debian for the processor KPATCH_GUEST of guests.txt, and its libraries, which ./run guest has unpacked.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KPATCH_GUEST)
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/guests.txt row REGEX "^${KPATCH_GUEST} ")
if(NOT row)
  message(FATAL_ERROR "KPATCH_GUEST: cmake/guests.txt has no row for '${KPATCH_GUEST}'")
endif()
separate_arguments(row UNIX_COMMAND "${row}") # any number of blanks
list(GET row 1 gnu_name)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${KPATCH_GUEST})
set(CMAKE_C_COMPILER ${gnu_name}-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER ${gnu_name}-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${gnu_name}-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${CMAKE_CURRENT_LIST_DIR}/../build/${KPATCH_GUEST}/root)
foreach(kind INCLUDE LIBRARY PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
