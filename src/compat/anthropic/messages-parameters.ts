import { isJsonObject } from '../../core/json-rpc.js';
import { refusedUnlessEmpty, type Rules } from '../http/parameters.js';

/** What becomes of every parameter of the Messages API; docs/compat.md has the same table. */
export const MESSAGES_PARAMETERS: Rules = {
  model: 'honoured',
  messages: 'honoured',
  system: 'honoured',
  stream: 'honoured',
  output_config: 'honoured',
  max_tokens: 'ignored',
  temperature: 'ignored',
  top_p: 'ignored',
  top_k: 'ignored',
  metadata: 'ignored',
  service_tier: 'ignored',
  inference_geo: 'ignored',
  cache_control: 'ignored',
  context_management: 'ignored',
  speed: 'ignored',
  thinking: (value) => (isJsonObject(value) && value.type === 'disabled' ? 'honoured' : 'ignored'),
  tools: refusedUnlessEmpty(
    'the agent runs tools of its own; tools that the client would run are not offered',
  ),
  tool_choice: (value) =>
    isJsonObject(value) && (value.type === 'auto' || value.type === 'none')
      ? 'ignored'
      : { refused: 'takes auto or none: the agent chooses among tools of its own' },
  stop_sequences: refusedUnlessEmpty('the agent cannot be stopped at a text'),
  mcp_servers: refusedUnlessEmpty('servers are for the operator to set up'),
  container: { refused: 'there are no containers here' },
};

export const OUTPUT_CONFIG_PARAMETERS: Rules = {
  format: 'honoured',
  effort: 'ignored',
  task_budget: 'ignored',
};
