/** The flags of a kept-alive `claude -p`, beside those of both engines. */
export const STREAM_MODE = [
  '-p',
  '--input-format=stream-json',
  '--output-format=stream-json',
  '--verbose',
  // Each prompt is told back, so that an answer can be told from one to something else.
  '--replay-user-messages',
  // What is said comes in pieces too, for readers that show it as it comes.
  '--include-partial-messages',
] as const;
