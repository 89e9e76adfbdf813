/** The parts of a Messages API request that the fake looks at; everything else is kept as it came. */
export interface ModelRequest {
  model: string;
  messages: ModelMessage[];
  system?: string | ContentBlock[];
  stream?: boolean;
  tools?: { name: string }[];
  max_tokens?: number;
  [key: string]: unknown;
}

export interface ModelMessage {
  role: 'user' | 'assistant' | 'system';
  content: string | ContentBlock[];
}

export interface ContentBlock {
  type: string;
  text?: string;
  content?: string | ContentBlock[];
  [key: string]: unknown;
}

/** What agents put around the user's own words; it comes as extra blocks and inside blocks. */
const agentAsides = /<(system-reminder|session_context|local-command-[a-z]+|command-[a-z]+)>[\s\S]*?<\/\1>/g;

/** The user's own words in one message, without what the agent added; '' for a bare tool result. */
export function ownText(message: ModelMessage): string {
  if (message.role !== 'user') return '';
  return blocksOf(message.content)
    .filter((block) => block.type === 'text')
    .map((block) => (block.text ?? '').replace(agentAsides, '').trim())
    .filter((text) => text !== '')
    .join('\n');
}

/** The texts a person typed, oldest first. */
export function userTexts(request: ModelRequest): string[] {
  return request.messages.map(ownText).filter((text) => text !== '');
}

export function systemText(request: ModelRequest): string {
  const fromMessages = request.messages.filter((message) => message.role === 'system');
  return [request.system ?? '', ...fromMessages.map((message) => message.content)]
    .map((content) => textOf(content))
    .join('\n');
}

/** The output of the tool call that the conversation now waits on, or undefined when a person spoke last. */
export function pendingToolResult(request: ModelRequest): string | undefined {
  const last = request.messages.findLast((message) => message.role === 'user');
  if (!last || ownText(last) !== '') return undefined;
  const result = blocksOf(last.content).find((block) => block.type === 'tool_result');
  return result && textOf(result.content ?? '');
}

/**
 * Calls that an agent makes on its own: for titles, summaries and quota without any tools; for a guess at
 * what the person types next with the whole conversation and a last text that says so.
 */
export function isSideCall(request: ModelRequest): boolean {
  return (
    (request.tools ?? []).length === 0 || userTexts(request).at(-1)?.startsWith('[SUGGESTION MODE') === true
  );
}

function textOf(content: string | ContentBlock[]): string {
  return blocksOf(content)
    .map((block) => block.text ?? '')
    .join('\n');
}

function blocksOf(content: string | ContentBlock[]): ContentBlock[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}
