# bench/: bench/publish, bench/load, bench/rooms and bench/floor are programs of many parts; every other bench/<name>.c is a
# program <name>. All of them stand beside the server.

# manycast_bench(part library...): the program manycast-<part> of bench/<part>/main.c and the static
# library <part> of the other files there, which tests/<part> is linked with.
function(manycast_bench part)
    set(main ${PROJECT_SOURCE_DIR}/bench/${part}/main.c)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/${part}/*.c)
    list(REMOVE_ITEM sources ${main})
    if(sources)
        add_library(${part} STATIC ${sources})
        target_link_libraries(${part} PRIVATE manycast_flags PUBLIC transport ${ARGN})
        manycast_program(manycast-${part} ${part} SOURCES ${main})
    endif()
endfunction()

pkg_check_modules(vpx REQUIRED IMPORTED_TARGET vpx)
manycast_bench(publish PkgConfig::vpx PkgConfig::opus PkgConfig::curl)
manycast_bench(load PkgConfig::curl)
manycast_bench(rooms)
manycast_bench(floor)
set_target_properties(manycast-floor PROPERTIES OUTPUT_NAME floor)

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    manycast_program(${name} transport SOURCES ${source})
endforeach()
