/* tests/signaling/offer_file.h - offers of real clients, kept under tests/signaling/offers with LF
 * line ends, as they come over the wire (CRLF); and changes to them. Ends the test on failure. */
#ifndef TESTS_SIGNALING_OFFER_FILE_H
#define TESTS_SIGNALING_OFFER_FILE_H

/* Terminated; the caller frees it. */
char *offer_file_read(const char *name);
/* Returns text with every from replaced; the caller frees it. text is freed. from must occur. */
char *offer_file_replace(char *text, const char *from, const char *to);
/* Returns text without the lines that begin with start; both as above. */
char *offer_file_without(char *text, const char *start);

#endif
