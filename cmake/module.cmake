# module(FOLDER DEPS a b …): a static library lehr_<folder> of every .cpp directly in FOLDER.
# DEPS name other folders and imported targets. A folder may include headers of itself, of base and of the folders it lists, not of what those
# list in turn (linking is transitive, seeing is not), and third-party headers only of the targets it lists.
# tests/house/layering_test.cpp reads these lines as its table: a folder with sources that has none fails, as does one listed and never included.
function(module folder)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  string(REPLACE "/" "_" name "lehr_${folder}")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    set(kind INTERFACE)
  else()
    add_library(${name} STATIC ${sources})
    set(kind PUBLIC)
  endif()
  target_link_libraries(${name} ${kind} lehr_options)
  foreach(dep ${arg_DEPS})
    if(NOT TARGET ${dep})
      string(REPLACE "/" "_" dep "lehr_${dep}")
    endif()
    target_link_libraries(${name} ${kind} ${dep})
  endforeach()
endfunction()
