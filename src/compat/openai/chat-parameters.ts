import { refusedUnlessEmpty, type Rules } from '../http/parameters.js';

const NO_TOOLS = 'the agent runs tools of its own; tools that the client would run are not offered';
const NO_AUDIO = 'only text can be answered';

/** What becomes of every parameter of Chat Completions; docs/compat.md has the same table. */
export const CHAT_PARAMETERS: Rules = {
  model: 'honoured',
  messages: 'honoured',
  stream: 'honoured',
  stream_options: 'honoured',
  response_format: 'honoured',
  max_tokens: 'ignored',
  max_completion_tokens: 'ignored',
  temperature: 'ignored',
  top_p: 'ignored',
  frequency_penalty: 'ignored',
  presence_penalty: 'ignored',
  seed: 'ignored',
  user: 'ignored',
  safety_identifier: 'ignored',
  prompt_cache_key: 'ignored',
  prompt_cache_retention: 'ignored',
  metadata: 'ignored',
  store: (value) => (value === false ? 'harmless' : 'ignored'),
  service_tier: 'ignored',
  reasoning_effort: 'ignored',
  verbosity: 'ignored',
  parallel_tool_calls: 'ignored',
  prediction: 'ignored',
  n: (value) => (value === 1 ? 'honoured' : { refused: 'takes 1: there is one answer' }),
  modalities: (value) =>
    Array.isArray(value) && value.every((one) => one === 'text') ? 'honoured' : { refused: NO_AUDIO },
  audio: { refused: NO_AUDIO },
  tools: refusedUnlessEmpty(NO_TOOLS),
  functions: refusedUnlessEmpty(NO_TOOLS),
  tool_choice: (value) => (value === 'auto' || value === 'none' ? 'ignored' : { refused: NO_TOOLS }),
  function_call: (value) => (value === 'auto' || value === 'none' ? 'ignored' : { refused: NO_TOOLS }),
  logprobs: refusedUnlessEmpty('the agent tells no probabilities'),
  top_logprobs: refusedUnlessEmpty('the agent tells no probabilities'),
  logit_bias: refusedUnlessEmpty('the agent’s tokens cannot be biased'),
  stop: refusedUnlessEmpty('the agent cannot be stopped at a text'),
  web_search_options: { refused: 'the agent searches by itself where its tools allow it' },
  moderation: { refused: 'there is no moderation here' },
};

export const STREAM_OPTIONS: Rules = {
  include_usage: 'honoured',
  include_obfuscation: (value) => (value === false ? 'harmless' : 'ignored'),
};
