# digits_embed_texts(TARGET HEADER constant file [constant file…])
#
# Writes HEADER into the build folder, with the text of each file as a constant (std::string_view) in namespace digits, and lets TARGET
# include it. Changing a file configures the build again.
function(digits_embed_texts target header)
    set(texts "#pragma once\n#include <string_view>\nnamespace digits {\n")
    while(ARGN)
        list(POP_FRONT ARGN constant file)
        get_filename_component(file ${file} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
        file(READ ${file} text)
        string(APPEND texts "inline constexpr std::string_view ${constant} = R\"embedded(${text})embedded\";\n")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    endwhile()
    string(APPEND texts "}  // namespace digits\n")
    set(folder ${PROJECT_BINARY_DIR}/embedded/${target})
    file(CONFIGURE OUTPUT ${folder}/${header} CONTENT "${texts}" @ONLY)
    target_include_directories(${target} PRIVATE ${folder})
endfunction()
