# The pages are part of the server: every file under web/ becomes bytes in web_files_table.c, which
# signaling/web_files.c looks things up in.
#
# web/dist.txt (optional) names files of npm packages that are served too, one a line:
#   url-path file-under-web/node_modules
# Not served: node_modules itself, npm's own files, dist.txt, hidden files.
function(manycast_web_files result)
    set(web ${PROJECT_SOURCE_DIR}/web)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${web} ${web}/*)
    list(FILTER files EXCLUDE REGEX "(^|/)(node_modules/|\\.)|^(package(-lock)?\\.json|dist\\.txt)$")

    set(manifest "")
    set(inputs "")
    foreach(file IN LISTS files)
        string(APPEND manifest "/${file} ${web}/${file}\n")
        list(APPEND inputs ${web}/${file})
    endforeach()

    if(EXISTS ${web}/dist.txt)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${web}/dist.txt)
        file(STRINGS ${web}/dist.txt lines REGEX "^/")
        foreach(line IN LISTS lines)
            string(REGEX MATCH "^([^ ]+) +([^ ]+)$" parts "${line}")
            set(file ${web}/node_modules/${CMAKE_MATCH_2})
            if(NOT parts OR NOT EXISTS ${file})
                message(FATAL_ERROR "web/dist.txt: '${line}': no such file; "
                                    "deploy/install-deps.sh installs the npm packages")
            endif()
            string(APPEND manifest "${CMAKE_MATCH_1} ${file}\n")
            list(APPEND inputs ${file})
        endforeach()
    endif()

    set(generated ${CMAKE_BINARY_DIR}/generated)
    set(list_file ${generated}/web_files.txt)
    file(CONFIGURE OUTPUT ${list_file} CONTENT "${manifest}" @ONLY)
    add_custom_command(
        OUTPUT ${generated}/web_files_table.c
        COMMAND ${PROJECT_SOURCE_DIR}/cmake/web_files.sh ${list_file} ${generated}/web_files_table.c
        DEPENDS ${PROJECT_SOURCE_DIR}/cmake/web_files.sh ${list_file} ${inputs}
        COMMENT "Embedding the pages"
        VERBATIM)
    set(${result} ${generated}/web_files_table.c PARENT_SCOPE)
endfunction()
