# A library a folder, a test executable a folder.

# ash_library(NAME SOURCES a.cpp … DEPS ash::base …) -> target ash_NAME, alias ash::NAME
function(ash_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(ash_${name} STATIC ${arg_SOURCES})
  add_library(ash::${name} ALIAS ash_${name})
  target_link_libraries(ash_${name} PUBLIC ash::options ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
endfunction()

# ash_test(NAME SOURCES … DEPS …) -> executable test_NAME, one CTest case
# TIMEOUT, in seconds, is for what hangs; no test takes as long on a busy machine.
function(ash_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${arg_DEPS} ash::allocator GTest::gmock GTest::gtest_main)
  # What is tested is optimised; of the tests themselves only the time to build them counts.
  target_compile_options(test_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-Og;-g0>)
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()
