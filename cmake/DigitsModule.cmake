# digits_module(NAME [SHARED output] [DEPS module…] [EXTERNAL target…] [PRIVATE_EXTERNAL target…] [PRECOMPILE header…])
#
# Declares the module in src/NAME: every .cpp there is part of it, every *_test.cpp goes into the test program NAME_test. DEPS are the
# modules it may include; scripts/lint compares them with the includes that are really there. SHARED: a library lib<output>.so of its
# own beside the programs, which a program loads when it needs it; it takes from DEPS what their headers hold.
#
# Headers of others that most sources read are precompiled (a source still names what it uses); PRECOMPILE adds some.
define_property(GLOBAL PROPERTY DIGITS_MODULES BRIEF_DOCS "modules" FULL_DOCS "modules declared so far")

set(DIGITS_PRECOMPILED <algorithm> <filesystem> <functional> <map> <memory> <optional> <string> <string_view> <vector>
    <fmt/format.h> <nlohmann/json.hpp> <tl/expected.hpp>)

function(digits_module name)
    cmake_parse_arguments(arg "" "SHARED" "DEPS;EXTERNAL;PRIVATE_EXTERNAL;TEST_EXTERNAL;PRECOMPILE" ${ARGN})
    set(dir ${PROJECT_SOURCE_DIR}/src/${name})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cpp)
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

    if(arg_SHARED)
        add_library(digits_${name} SHARED ${sources})
        set_target_properties(digits_${name} PROPERTIES OUTPUT_NAME ${arg_SHARED} LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
            CXX_VISIBILITY_PRESET hidden)
    else()
        add_library(digits_${name} STATIC ${sources})
    endif()
    target_include_directories(digits_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    list(TRANSFORM arg_DEPS PREPEND digits_ OUTPUT_VARIABLE deps)
    target_link_libraries(digits_${name} PUBLIC ${deps} ${arg_EXTERNAL} PRIVATE digits_warnings ${arg_PRIVATE_EXTERNAL})
    set(precompiled ${DIGITS_PRECOMPILED} ${arg_PRECOMPILE})
    if("caffe" IN_LIST arg_DEPS)
        list(APPEND precompiled <caffe.pb.h>)
    endif()
    target_precompile_headers(digits_${name} PRIVATE ${precompiled})

    if(tests AND BUILD_TESTING)
        add_executable(${name}_test ${tests})
        target_link_libraries(${name}_test PRIVATE digits_${name} digits_warnings ${arg_PRIVATE_EXTERNAL} ${arg_TEST_EXTERNAL}
            GTest::gmock GTest::gtest_main)
        target_compile_definitions(${name}_test PRIVATE
            DIGITS_SOURCE_DIR="${PROJECT_SOURCE_DIR}" DIGITS_BINARY_DIR="${PROJECT_BINARY_DIR}")
        # What a test itself does is little; compiling it costs a quarter less so.
        target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O0>)
        target_precompile_headers(${name}_test PRIVATE ${precompiled} <gmock/gmock.h> <gtest/gtest.h>)
        add_test(NAME ${name} COMMAND ${name}_test)
    endif()
endfunction()
