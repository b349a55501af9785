# bench/: bench/publish and bench/load (a file or a folder) are programs of many parts; every other
# bench/<name>.c is a program <name>. All of them stand beside the server.

# manycast_bench(part program library...)
function(manycast_bench part program)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/${part}.c
         ${PROJECT_SOURCE_DIR}/bench/${part}/*.c)
    if(sources)
        manycast_program(${program} transport ${ARGN} SOURCES ${sources})
    endif()
endfunction()

pkg_check_modules(vpx REQUIRED IMPORTED_TARGET vpx)
pkg_check_modules(opus REQUIRED IMPORTED_TARGET opus)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
manycast_bench(publish manycast-publish PkgConfig::vpx PkgConfig::opus PkgConfig::curl)
manycast_bench(load manycast-load PkgConfig::curl)

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
list(FILTER sources EXCLUDE REGEX "/bench/(publish|load)\\.c$")
foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    manycast_program(${name} transport SOURCES ${source})
endforeach()
