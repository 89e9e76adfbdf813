import type { ModelRequest } from './model-request.js';
import { isSideCall, pendingToolResult, userTexts } from './model-request.js';

export type Reply =
  | { kind: 'text'; chunks: string[]; delayMs?: number; inputTokens?: number }
  | { kind: 'tool'; name: string; input: Record<string, unknown>; inputTokens?: number }
  | { kind: 'error'; status: number; message?: string }
  /** Takes the request and never answers it. */
  | { kind: 'hang' }
  /** Begins a streamed answer and drops the connection in the middle of it. */
  | { kind: 'half' }
  /** Drops the connection without a word. */
  | { kind: 'drop' }
  /** 200, and something that is no answer of a model. */
  | { kind: 'garbage'; contentType: string; body: string };

export type Responder = (request: ModelRequest) => Reply;

const sideCallAnswer = '{"title":"A test conversation"}';
const directive = /^(say|recall|tool|error|hang|slow|half|drop|garbage)(?::(.*))?$/s;

const garbage: Readonly<Record<string, Reply>> = {
  html: { kind: 'garbage', contentType: 'text/html', body: '<html><body>It works!</body></html>' },
  json: { kind: 'garbage', contentType: 'application/json', body: '{"ok":true}' },
  events: {
    kind: 'garbage',
    contentType: 'text/event-stream',
    body: 'event: message_start\ndata: {"type":\n\n',
  },
};

/**
 * The answer when a test brings none: what the last user text asks for by a directive on a line of its
 * own, else how many user texts there were and the first one's marker. A pure function of the request.
 *
 * `say:TEXT` that text · `recall` every `marker:WORD` of the texts before · `tool:bash COMMAND` a call of
 * the agent's shell, then its output · `error:STATUS` · `slow:N:MS` N pieces MS milliseconds apart · `hang` · `half` · `drop`
 * · `garbage:html|json|events`
 */
export function defaultReply(request: ModelRequest): Reply {
  if (isSideCall(request)) return textReply(sideCallAnswer);
  const output = pendingToolResult(request);
  if (output !== undefined) return textReply(`tool said: ${output.trim()}`);

  const texts = userTexts(request);
  const [name, argument] = findDirective(texts.at(-1) ?? '');
  switch (name) {
    case 'say':
      return textReply(argument);
    case 'recall':
      return textReply(`recalled: ${markersIn(texts.slice(0, -1)).join(' ') || 'nothing'}`);
    case 'tool':
      return shellCall(request, argument);
    case 'error':
      return { kind: 'error', status: Number(argument) };
    case 'slow':
      return slowReply(argument);
    case 'hang':
    case 'half':
    case 'drop':
      return { kind: name };
    case 'garbage':
      return garbage[argument] ?? textReply(`no such garbage: ${argument}`);
    default:
      return textReply(
        `user texts: ${texts.length}; first marker: ${markersIn(texts.slice(0, 1))[0] ?? 'none'}`,
      );
  }
}

export function textReply(text: string): Reply {
  return { kind: 'text', chunks: [text] };
}

function findDirective(text: string): [name: string, argument: string] {
  // `say:` takes all that follows it, so that replies of several lines can be asked for.
  const said = /^say:([\s\S]*)$/m.exec(text);
  if (said) return ['say', said[1] ?? ''];
  for (const line of text.split('\n').reverse()) {
    const match = directive.exec(line.trim());
    if (match) return [match[1] ?? '', match[2] ?? ''];
  }
  return ['', ''];
}

/** Each agent has a shell of its own name; an unknown one is taken for claude's. */
function shellCall(request: ModelRequest, argument: string): Reply {
  const command = argument.replace(/^bash\s+/, '');
  const description = 'Run what the test asks for';
  const isQwen = request.tools?.some(({ name }) => name === 'run_shell_command') === true;
  return isQwen
    ? { kind: 'tool', name: 'run_shell_command', input: { command, description, is_background: false } }
    : { kind: 'tool', name: 'Bash', input: { command, description } };
}

function slowReply(argument: string): Reply {
  const [count = 1, delayMs = 0] = argument.split(':').map(Number);
  return {
    kind: 'text',
    chunks: Array.from({ length: count }, (_, index) => `part ${index + 1}. `),
    delayMs,
  };
}

function markersIn(texts: string[]): string[] {
  return texts.flatMap((text) => [...text.matchAll(/marker:([\w-]+)/g)].map((match) => match[1] ?? ''));
}
