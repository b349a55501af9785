# tests/<folder>/test_*.c: one cmocka program and one ctest each, named <folder>.<module>, labelled with
# the folder. Other .c files of the folder are linked into each of its tests. In tests/scenario every file
# with a main is a test. tests/fuzz/fuzz_<name>.c: a parser, see below.

add_test(NAME layers COMMAND ${PROJECT_SOURCE_DIR}/tests/layers.sh)

# What clients that others wrote are tried against: it needs no test library.
if(NOT MANYCAST_CORE_ONLY AND NOT MANYCAST_FUZZ)
    manycast_program(socketio_echo signaling
                     SOURCES ${PROJECT_SOURCE_DIR}/tests/interop/socketio_echo.c)
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(cmocka IMPORTED_TARGET cmocka)
if(NOT cmocka_FOUND)
    # A server can be built without what only the tests need.
    message(STATUS "cmocka not found: no tests (deploy/install-deps.sh --test installs it)")
    return()
endif()

# manycast_test(name source label library...)
function(manycast_test name source label)
    string(REPLACE "." "_test_" target ${name})
    manycast_program(${target} ${ARGN} PkgConfig::cmocka SOURCES ${source})
    get_filename_component(file ${source} NAME_WE)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${file} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/${label})
    add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300)
endfunction()

# manycast_tests(folder library...)
function(manycast_tests folder)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.c)
    set(tests "")
    set(support "")
    foreach(source IN LISTS sources)
        set(main "")
        if(folder STREQUAL "scenario")
            file(STRINGS ${source} main REGEX "^int main\\(")
        endif()
        if(main OR source MATCHES "/test_[^/]*$")
            list(APPEND tests ${source})
        else()
            list(APPEND support ${source})
        endif()
    endforeach()

    set(libraries ${ARGN})
    if(support)
        add_library(tests_${folder} STATIC ${support})
        target_link_libraries(tests_${folder} PRIVATE manycast_flags PUBLIC ${ARGN} PkgConfig::cmocka)
        list(PREPEND libraries tests_${folder})
    endif()
    foreach(source IN LISTS tests)
        get_filename_component(module ${source} NAME_WE)
        string(REGEX REPLACE "^test_" "" module ${module})
        manycast_test(${folder}.${module} ${source} ${folder} ${libraries})
    endforeach()
endfunction()

# A fuzz target links every layer that is built. With MANYCAST_FUZZ it is a libFuzzer program; otherwise
# tests/fuzz/replay.c runs it over tests/fuzz/corpus/<name>/ in every test run, no fuzzer needed.
function(manycast_fuzz_targets)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
    foreach(source IN LISTS sources)
        get_filename_component(target ${source} NAME_WE)
        string(REGEX REPLACE "^fuzz_" "" name ${target})
        set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
        if(MANYCAST_FUZZ)
            manycast_program(${target} signaling SOURCES ${source})
            target_link_options(${target} PRIVATE -fsanitize=fuzzer)
            set(arguments -runs=0)
        else()
            manycast_program(${target} signaling
                             SOURCES ${source} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
            set(arguments "")
        endif()
        # libFuzzer's entry points have no header.
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
        set_target_properties(${target} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
        add_test(NAME fuzz.${name} COMMAND ${target} ${arguments} ${corpus})
        set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
    endforeach()
endfunction()

if(NOT MANYCAST_FUZZ)
    manycast_tests(core core)
    manycast_tests(scenario core)
    if(NOT MANYCAST_CORE_ONLY)
        manycast_tests(transport transport)
        manycast_tests(signaling signaling)
        manycast_tests(publish publish)
    endif()
endif()
if(NOT MANYCAST_CORE_ONLY)
    manycast_fuzz_targets()
endif()
