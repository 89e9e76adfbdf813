/** The version of claude whose files, flags and terminal were measured; another one may behave differently. */
export const TESTED_CLAUDE_VERSION = '2.1.329';
