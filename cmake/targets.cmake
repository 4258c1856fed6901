# A library a folder, a test executable a folder.

# ash_library(NAME SOURCES a.cpp … DEPS ash::base …) -> target ash_NAME, alias ash::NAME
function(ash_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(ash_${name} STATIC ${arg_SOURCES})
  add_library(ash::${name} ALIAS ash_${name})
  target_link_libraries(ash_${name} PUBLIC ash::options ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
endfunction()

# What nearly every test includes, parsed once for all of them.
add_library(ash_test_headers OBJECT "${PROJECT_SOURCE_DIR}/tests/test_headers.cpp")
target_link_libraries(ash_test_headers PUBLIC ash::options Boost::json GTest::gmock GTest::gtest_main)
# What is tested is optimised; of the tests themselves only the time to build them counts.
target_compile_options(ash_test_headers PUBLIC $<$<CONFIG:RelWithDebInfo>:-Og;-g0>
  -fpch-preprocess) # without it ccache can't tell what a precompiled header holds
target_precompile_headers(ash_test_headers PRIVATE
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <deque> <filesystem>
  <fstream> <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string>
  <string_view> <thread> <unordered_map> <utility> <variant> <vector>
  <boost/json.hpp> <gmock/gmock.h> <gtest/gtest.h>)

# ash_test(NAME SOURCES … DEPS …) -> executable test_NAME, one CTest case
# TIMEOUT, in seconds, is for what hangs; no test takes as long on a busy machine.
function(ash_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${arg_DEPS} ash::allocator ash_test_headers)
  target_precompile_headers(test_${name} REUSE_FROM ash_test_headers)
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()
