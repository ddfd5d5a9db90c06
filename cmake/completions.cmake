# SPDX-License-Identifier: GPL-2.0-or-later
#
# A program prints, from its own option tables, the scripts that let shells complete its calls. They are made
# with the program and installed where each shell looks.
include(GNUInstallDirs)

set(KPATCH_ZSH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh looks for completions")
function(kpatch_completions program)
  set(made ${PROJECT_BINARY_DIR}/completions)
  file(MAKE_DIRECTORY ${made})
  foreach(shell bash zsh fish)
    add_custom_command(TARGET ${program} POST_BUILD
      COMMAND ${program} completion ${shell} > ${made}/${program}.${shell})
  endforeach()
  install(FILES ${made}/${program}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
  install(FILES ${made}/${program}.zsh DESTINATION ${KPATCH_ZSH_COMPLETIONS} RENAME _${program})
  install(FILES ${made}/${program}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endfunction()
