# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where things go below the prefix. kpatch-build finds share/kpatch/kmod by its own place; the units
# name kpatch by its full path, so they are made when the prefix is known for good.
include(GNUInstallDirs)

install(TARGETS kpatch-build RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS kpatch RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
# Not all that it does needs root, and the PATH of others lacks sbin.
if(NOT CMAKE_INSTALL_BINDIR STREQUAL CMAKE_INSTALL_SBINDIR)
  install(CODE "file(RELATIVE_PATH from_bin \"/${CMAKE_INSTALL_BINDIR}\" \"/${CMAKE_INSTALL_SBINDIR}/kpatch\")
set(bin \"${CMAKE_INSTALL_BINDIR}\")")
  install(CODE [[
file(MAKE_DIRECTORY "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${bin}")
file(CREATE_LINK "${from_bin}" "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${bin}/kpatch" SYMBOLIC)
]])
endif()
install(TARGETS create-diff-object create-klp-module
        RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/kpatch)
install(DIRECTORY kmod/ DESTINATION ${CMAKE_INSTALL_DATADIR}/kpatch/kmod)
install(DIRECTORY contrib/monitoring/ DESTINATION ${CMAKE_INSTALL_DATADIR}/kpatch/monitoring)
install(DIRECTORY contrib/ansible DESTINATION ${CMAKE_INSTALL_DATADIR}/kpatch)
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN *.1)
# In the folders that their links name.
install(FILES README.md README.zh-CN.md CHANGELOG.md ARCHITECTURE.md CONTRIBUTING.md COPYING
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples demo DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN man EXCLUDE)

install(CODE "set(units \"${PROJECT_SOURCE_DIR}/contrib/systemd\")
set(made \"${PROJECT_BINARY_DIR}/systemd\")
set(sbin \"${CMAKE_INSTALL_SBINDIR}\")")
install(CODE [[
cmake_path(ABSOLUTE_PATH sbin BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE)
set(KPATCH "${sbin}/kpatch")
foreach(unit kpatch kpatch-confirm)
  configure_file("${units}/${unit}.service.in" "${made}/${unit}.service" @ONLY)
  file(INSTALL "${made}/${unit}.service" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
endforeach()
]])
