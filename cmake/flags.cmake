# The flags of our own targets, carried by one interface library: third-party code never sees them.
add_library(manycast_flags INTERFACE)

target_compile_definitions(manycast_flags INTERFACE _GNU_SOURCE
                           MANYCAST_VERSION="${PROJECT_VERSION}")

target_compile_options(manycast_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wvla -Wformat=2 -Wundef -Wcast-qual -Wcast-align
    -Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(manycast_flags INTERFACE
        -Wduplicated-cond -Wduplicated-branches -Wlogical-op)
endif()
if(MANYCAST_WERROR)
    target_compile_options(manycast_flags INTERFACE -Werror)
endif()

if(MANYCAST_HARDEN)
    # -fPIE and not -fPIC for the static libraries: they go into our programs only, and -fPIC would keep
    # exported functions from being inlined.
    target_compile_options(manycast_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE)
    target_link_options(manycast_flags INTERFACE -pie -Wl,-z,relro,-z,now)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i.86)$")
        target_compile_options(manycast_flags INTERFACE -fcf-protection)
    endif()
endif()

if(MANYCAST_SANITIZE)
    # -fno-sanitize-recover has no meaning for thread, and clang says so.
    set(sanitize -fsanitize=${MANYCAST_SANITIZE} -fno-omit-frame-pointer -O1)
    if(NOT MANYCAST_SANITIZE MATCHES "thread")
        list(APPEND sanitize -fno-sanitize-recover=all)
    endif()
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        # What the sanitizer weaves in makes gcc see conversions that the source does not have.
        list(APPEND sanitize -Wno-conversion)
    endif()
    target_compile_options(manycast_flags INTERFACE ${sanitize})
    target_link_options(manycast_flags INTERFACE -fsanitize=${MANYCAST_SANITIZE})
endif()

if(MANYCAST_FUZZ)
    target_compile_options(manycast_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
